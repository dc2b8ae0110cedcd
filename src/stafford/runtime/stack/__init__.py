"""The Docker stack: what Compose is asked, and what is examined before it is."""
