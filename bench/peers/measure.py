"""Times of several engines on one network, by turns, so that what disturbs the machine disturbs all."""
import time
from collections import namedtuple
from statistics import median

import numpy

from process import Unsupported

Effort = namedtuple("Effort", "rounds loads block_ms")
THOROUGH = Effort(rounds=11, loads=5, block_ms=100)
QUICK = Effort(rounds=5, loads=2, block_ms=60)

# Threads that spin when they have nothing to do (ONNX Runtime's: some tens of milliseconds) must be
# asleep before another engine is timed.
PAUSE_S = 0.06


def quartiles(values):
    return [float(q) for q in numpy.percentile(values, (25, 50, 75))]


def start_all(engines, network, threads, result):
    """{name: process} of the engines that run the network; the others' reasons go into the result."""
    started = {}
    for engine in engines:
        try:
            started[engine.name] = engine.start(network, threads)
        except Unsupported as why:
            result["unsupported"][engine.name] = str(why)
    return started


def drop(started, name, why, result):
    result["unsupported"][name] = str(why)
    started.pop(name).close()


def warm_up(started, result, block_ms):
    """First runs, and how many runs make a block of each engine."""
    blocks = {}
    for name, process in list(started.items()):
        try:
            result["first_run_ms"].setdefault(name, process.run(1)[0])
            once = median(process.run(3))
            blocks[name] = max(2, min(200, round(block_ms / max(once, 1e-3))))
        except Unsupported as why:
            drop(started, name, why, result)
    return blocks


def rounds(started, blocks, n, result):
    """{name: [median of a block, ...]}; each round has every engine once, in turned order."""
    times = {name: [] for name in started}
    for i in range(n):
        order = list(started)
        if i % 2:
            order.reverse()
        for name in order:
            time.sleep(PAUSE_S)
            try:
                started[name].run(1)
                times[name].append(median(started[name].run(blocks[name])))
            except Unsupported as why:
                drop(started, name, why, result)
                del times[name]
    return times


def compare_results(started, reference, folder):
    """{name: largest deviation from the reference's outputs / their largest magnitude}, and {name: the
    share of elements that are the same}."""
    values, deviations, same = {}, {}, {}
    for name, process in started.items():
        path = folder / f"{name}.result"
        try:
            process.save(path)
            values[name] = numpy.fromfile(path, numpy.float32)
        except Unsupported:
            continue
        finally:
            path.unlink(missing_ok=True)
    want = values.get(reference)
    if want is None:
        return deviations, same
    for name, got in values.items():
        if got.shape != want.shape:
            deviations[name] = float("nan")
        elif name != reference:
            largest = float(numpy.abs(want).max()) or 1.0
            deviations[name] = float(numpy.abs(got - want).max()) / largest
            same[name] = float((got == want).mean())
    return deviations, same


def loads(engines, network, n, result):
    """Times to load in fresh processes, by turns."""
    times = {engine.name: [] for engine in engines}
    for i in range(n):
        for engine in engines if i % 2 else engines[::-1]:
            if engine.name not in result["unsupported"]:
                try:
                    process = engine.start(network, 1)
                    times[engine.name].append(process.load_ms)
                    process.close()
                except Unsupported as why:
                    result["unsupported"][engine.name] = str(why)
    return {name: median(ms) for name, ms in times.items() if ms}


def measure(network, engines, threads_list, effort, reference, folder, load_only=()):
    """One network: {"ms": {threads: {engine: median}}, "ratio": {threads: {engine: quartiles}}, ...};
    a ratio is an engine's time over the first engine's of the same round.  Those of `load_only` are but
    loaded."""
    result = {"network": network.name, "weights_mb": round(network.megabytes, 2), "ms": {},
              "ratio": {}, "unsupported": {}, "first_run_ms": {}, "load_ms": {}, "peak_mb": {},
              "deviation": {}, "same": {}, "info": {}}
    ours = engines[0].name
    for threads in threads_list:
        able = [e for e in engines if e.name not in result["unsupported"]]
        started = start_all(able, network, threads, result)
        try:
            blocks = warm_up(started, result, effort.block_ms)
            times = rounds(started, blocks, effort.rounds, result)
            key = str(threads)
            result["ms"][key] = {name: median(ms) for name, ms in times.items()}
            if ours in times:
                result["ratio"][key] = {
                    name: quartiles([a / b for a, b in zip(ms, times[ours])])
                    for name, ms in times.items() if name != ours}
            if threads == threads_list[0]:
                result["peak_mb"] = {name: p.peak_mb() for name, p in started.items()}
                result["info"] = started[ours].info() if ours in started else {}
                result["deviation"], result["same"] = compare_results(started, reference, folder)
                result["load_ms"] = loads([*able, *load_only], network, effort.loads, result)
        finally:
            for process in started.values():
                process.close()
    return result
