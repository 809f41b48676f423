"""The part of AWS's command line that docs/deploy.md uses, over the same service models (botocore) that it is made from:
an operation or a parameter that does not exist is refused. It exists so that a test needs no AWS CLI on the machine."""
import json
import sys

import botocore.session
import jmespath
from botocore import xform_name


def fail(message: str) -> None:
    sys.exit(f"aws: {message}")


def options(words: list[str]) -> dict[str, str]:
    if len(words) % 2 or any(not name.startswith("--") for name in words[::2]):
        fail(f"options come in pairs: {words}")
    return {name[2:]: value for name, value in zip(words[::2], words[1::2])}


def value_of(text: str) -> str:
    if text.startswith("file://"):
        with open(text.removeprefix("file://"), encoding="utf8") as file:
            return file.read()
    return text


def show(result: object, output: str) -> None:
    if output != "text":
        print(json.dumps(result, indent=2, default=str))
        return
    rows = result if isinstance(result, list) else [result]
    for row in rows:
        print("\t".join(map(str, row)) if isinstance(row, list) else row)


def copy(words: list[str]) -> None:
    source, target = words
    bucket, _, key = target.removeprefix("s3://").partition("/")
    if not target.startswith("s3://") or not key or key.endswith("/"):
        fail("only `s3 cp FILE s3://BUCKET/KEY` is understood")
    with open(source, "rb") as body:
        client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    print(f"upload: {source} to {target}")


def client(service: str):
    return botocore.session.get_session().create_client(service)


def call(service: str, operation: str, words: list[str]) -> None:
    given = options(words)
    query, output = given.pop("query", None), given.pop("output", "json")
    made = client(service)
    names = {xform_name(name, "-"): name for name in made.meta.service_model.operation_names}
    if operation not in names:
        fail(f"{service} has no {operation}")
    shape = made.meta.service_model.operation_model(names[operation]).input_shape
    members = {xform_name(name, "-"): name for name in (shape.members if shape else {})}
    unknown = [name for name in given if name not in members]
    if unknown:
        fail(f"{service} {operation} has no --{unknown[0]}")
    parameters = {members[name]: value_of(text) for name, text in given.items()}
    result = getattr(made, xform_name(names[operation]))(**parameters)
    result.pop("ResponseMetadata", None)
    show(jmespath.search(query, result) if query else result, output)


SERVICES = {"s3api": "s3"}
_, service, operation, *rest = sys.argv
if (service, operation) == ("s3", "cp"):
    copy(rest)
else:
    call(SERVICES.get(service, service), operation, rest)
