"""Every RPC × every rule of its request, read from the protos: a rule that is added there is tested here."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from buf.validate import validate_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import Default

from tests.api import Rpc, rpcs
from tests.contract.calls import Calls
from tests.contract.messages import UnknownRuleError, empty
from tests.contract.rules import Rule, base, put, rules_in

CASES = [pytest.param(rpc, rule, id=f"{rpc}-{rule}") for rpc in rpcs() for rule in rules_in(rpc.request)]


@pytest.mark.parametrize(("rpc", "rule"), CASES)
def test_a_request_that_breaks_one_rule_is_refused_and_the_field_named(calls: Calls, rpc: Rpc, rule: Rule) -> None:
    for value in rule.wrong(base(rpc.request)):
        request = base(rpc.request)
        put(request, rule.path, value)

        refused = calls.answer(rpc, request.SerializeToString())

        assert refused.code is grpc.StatusCode.INVALID_ARGUMENT, f"{value!r}: {refused}"
        assert (refused.domain, refused.reason) == ("souk.dev", "INVALID_ARGUMENT"), repr(value)
        assert refused.fields == {rule.place}, repr(value)


@pytest.mark.parametrize("rpc", list(rpcs()), ids=str)
def test_a_request_that_keeps_every_rule_is_not_refused_for_its_form(calls: Calls, rpc: Rpc) -> None:
    answer = calls.answer(rpc, base(rpc.request).SerializeToString())

    assert answer.code is not grpc.StatusCode.INVALID_ARGUMENT, str(answer)


def test_a_rule_of_a_kind_that_nobody_has_taught_to_break_is_named() -> None:
    file = FileDescriptorProto(name="contract_test.proto", package="contract_test", syntax="proto3")
    field = file.message_type.add(name="Letter").field.add(name="to", number=1)
    field.type, field.label = FieldDescriptorProto.TYPE_STRING, FieldDescriptorProto.LABEL_OPTIONAL
    options: Any = field.options.Extensions
    options[validate_pb2.field].string.email = True
    letter = Default().AddSerializedFile(file.SerializeToString()).message_types_by_name["Letter"]

    (rule,) = rules_in(letter)
    with pytest.raises(UnknownRuleError, match=r"contract_test\.Letter\.to: string\.email"):
        rule.wrong(empty(letter))
