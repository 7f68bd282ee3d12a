"""Checks a file against the structure of JUnit XML as Ant's JUnit task writes it (elements, their order, required
attributes and their types), and that the counts of every suite are those of its cases. Prints the cases."""

import re
import sys
import xml.etree.ElementTree as ElementTree

SUITE = {"name": r".+", "package": r".*", "id": r"\d+", "hostname": r"\S+", "timestamp": r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}",
         "tests": r"\d+", "failures": r"\d+", "errors": r"\d+", "skipped": r"\d+", "time": r"\d+(\.\d+)?"}
CASE = {"name": r"(?s).+", "classname": r".+", "time": r"\d+(\.\d+)?"}


def require(condition, text):
    if not condition:
        sys.exit(f"{sys.argv[1]}: {text}")


def require_attributes(element, patterns):
    require(set(element.attrib) == set(patterns), f"{element.tag} has attributes {sorted(element.attrib)}")
    for name, pattern in patterns.items():
        require(re.fullmatch(pattern, element.get(name)), f"{element.tag} {name} = {element.get(name)!r}")


def check_case(case):
    require_attributes(case, CASE)
    require(len(case) <= 1, "a case has one outcome")
    for outcome in case:
        require(outcome.tag in ("failure", "error", "skipped"), f"<{outcome.tag}> in a case")
        require("type" in outcome.attrib and "message" in outcome.attrib, f"{outcome.tag} needs type and message")
    return case[0].tag if len(case) else "passed"


def check_suite(suite, number):
    require_attributes(suite, SUITE)
    require(suite.get("id") == str(number), "ids count from 0")
    tags = [child.tag for child in suite]
    cases = suite.findall("testcase")
    require(tags == ["properties"] + ["testcase"] * len(cases) + ["system-out", "system-err"], f"order {tags}")
    outcomes = [check_case(case) for case in cases]
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        require(int(suite.get(name)) == outcomes.count(tag), f"{name} are {outcomes.count(tag)}")
    require(int(suite.get("tests")) == len(cases), "number of tests")
    for case, outcome in zip(cases, outcomes):
        print(f"{suite.get('name')} | {case.get('name')} | {outcome}")


root = ElementTree.parse(sys.argv[1]).getroot()
require(root.tag == "testsuites", f"root is {root.tag}")
for place, child in enumerate(root):
    require(child.tag == "testsuite", f"<{child.tag}> in testsuites")
    check_suite(child, place)
