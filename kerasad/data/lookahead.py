import threading


class LookAhead(threading.Thread):
    """One call in the background; the thread ends with it."""

    def __init__(self, function, key):
        super().__init__(name=f"kerasad-batch-{key}")
        self.function = function
        self.key = key
        self.value = None
        self.error = None
        self.start()

    def run(self):
        try:
            self.value = self.function(*self.key)
        except Exception as error:
            self.error = error

    def result(self):
        self.join()
        if self.error is not None:
            raise self.error
        return self.value
