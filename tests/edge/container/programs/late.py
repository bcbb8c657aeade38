"""Opens its port late."""

import os
import time

from _http import Handler, serve

time.sleep(float(os.environ["LATE_SECONDS"]))
serve(Handler, 8080)
