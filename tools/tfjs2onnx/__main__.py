"""Command line: tfjs2onnx MODEL.json OUT.onnx [--shape NAME=1x256x256x3]."""

import argparse
import os
import re
import sys

try:
    from . import layout, reader, simplify, translate, writer
except ImportError as missing:
    sys.exit('tfjs2onnx: %s: install python3-numpy and python3-onnx, and run with /usr/bin/python3'
             % missing)
from .errors import ConvertError, UsageError

EXIT_USAGE, EXIT_BAD_INPUT = 2, 3


def parse_shape(text):
    match = re.fullmatch(r'(.+)=(\d{1,9}(?:x\d{1,9})*)', text)
    if not match:
        raise argparse.ArgumentTypeError("'%s' is not NAME=1x256x256x3" % text)
    return match.group(1), tuple(int(d) for d in match.group(2).split('x'))


def convert(path, shapes=None):
    """The ONNX file's bytes for the TensorFlow.js model at path."""
    model = reader.load(path)
    graph = translate.translate(model, shapes or {})
    simplify.run(graph)
    layout.run(graph)
    layout.settle(graph)
    simplify.run(graph, final=True)
    return writer.to_bytes(graph, os.path.splitext(os.path.basename(path))[0])


def write(path, data):
    """All or nothing: the file appears under its name when it is whole."""
    partial = '%s.%d.part' % (path, os.getpid())
    try:
        with open(partial, 'wb') as f:
            f.write(data)
        os.replace(partial, path)
    except OSError as e:
        if os.path.exists(partial):
            os.remove(partial)
        raise ConvertError('%s: cannot be written: %s' % (path, e.strerror))


def main(argv=None):
    parser = argparse.ArgumentParser(prog='tfjs2onnx', description=__doc__)
    parser.add_argument('model', help='model.json of a TensorFlow.js graph model')
    parser.add_argument('out', help='ONNX file to write')
    parser.add_argument('--shape', action='append', type=parse_shape, default=[],
                        metavar='NAME=1x256x256x3', help='fixes the shape of a graph input')
    args = parser.parse_args(argv)
    try:
        write(args.out, convert(args.model, dict(args.shape)))
    except ConvertError as e:
        print('tfjs2onnx: %s' % e, file=sys.stderr)
        return EXIT_BAD_INPUT
    except UsageError as e:
        print('tfjs2onnx: %s' % e, file=sys.stderr)
        return EXIT_USAGE
    return 0


if __name__ == '__main__':
    sys.exit(main())
