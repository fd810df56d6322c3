"""Errors of the converter: each names file, place and reason."""


class ConvertError(Exception):
    """The model cannot be converted: bad input, or something we do not translate."""


class UsageError(Exception):
    """The command line does not make sense, by itself or for this model."""
