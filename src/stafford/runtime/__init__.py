"""What the platform runs on: Java, jars, the embedded broker, tool environments, locks and meters."""
