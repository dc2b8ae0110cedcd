"""Why events give no value for a metric."""


class NotMeasurable(Exception):
    """These events cannot answer: the message says why. Never leaves this room."""


class DoesNotFit(Exception):
    """There are events enough, and no parameters of a model are near them: the metric fails, here is why.

    Never leaves this room.
    """
