"""Runs the MLflow command line until standard input closes.

Whoever started this process holds the other end of standard input. However that process ends, even by SIGKILL,
the pipe closes and the whole process group (the server forks workers) goes with it,
and the folder REMOVE_AT_EXIT, if there is one.
"""

import os
import runpy
import shutil
import signal
import sys
import threading


def end_with_parent():
    while os.read(0, 1024):
        pass
    if "REMOVE_AT_EXIT" in os.environ:
        shutil.rmtree(os.environ["REMOVE_AT_EXIT"], ignore_errors=True)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    else:
        os.system(f"taskkill /T /F /PID {os.getpid()}")


threading.Thread(target=end_with_parent, daemon=True).start()
sys.argv[0] = "mlflow"
runpy.run_module("mlflow", run_name="__main__")
