#!/usr/bin/env python3
"""failures.py TESTS.xml PRESET: the tests that failed in a JUnit file of ctest's, with their last lines."""
import sys
import xml.etree.ElementTree as ET

LINES = 25


def main():
    for case in ET.parse(sys.argv[1]).iter("testcase"):
        failure = case.find("failure")
        if failure is None:
            continue
        said = (case.findtext("system-out") or "").splitlines()
        said = [s for s in said if s.strip() and not s.startswith(("[ RUN", "[       OK"))]
        print(f"FAILED {sys.argv[2]}: {case.get('name')}: {failure.get('message') or ''}")
        for line in said[-LINES:]:
            print("    " + line[:300])


main()
