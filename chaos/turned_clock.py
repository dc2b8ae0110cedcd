"""`python -m chaos.turned_clock`: our command line under a libfaketime that breaks `time.sleep`.

Python sleeps until an instant of the clock that measures durations, and libfaketime 0.9.10 turns that call
into an error, though that clock is to be left alone. An event that never comes waits by another call.
"""

import threading
import time

from stafford.cli.main import main

if __name__ == "__main__":
    time.sleep = lambda seconds: threading.Event().wait(seconds) and None
    main()
