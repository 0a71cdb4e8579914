"""grpcio against the memory of a server, with messages made of the descriptors alone."""

import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, descriptors = sys.argv[1:]
with open(descriptors, "rb") as file:
    files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
pool = descriptor_pool.DescriptorPool()
for file in files.file:
    pool.Add(file)
service = pool.FindServiceByName("striatum.memory.v1.Memory")
channel = grpc.insecure_channel(address)


def call(name, **fields):
    method = service.FindMethodByName(name)
    request = message_factory.GetMessageClass(method.input_type)
    answer = message_factory.GetMessageClass(method.output_type)
    kinds = {(False, False): channel.unary_unary, (False, True): channel.unary_stream}
    kinds[(True, False)] = channel.stream_unary
    kind = kinds[(method.client_streaming, method.server_streaming)]
    stub = kind(
        f"/{service.full_name}/{name}",
        request_serializer=request.SerializeToString,
        response_deserializer=answer.FromString,
    )
    if method.client_streaming:
        return stub(iter([request(**one) for one in fields["messages"]]), timeout=30)
    return stub(json_format.ParseDict(fields, request()), timeout=30)


stored = call("Store", memories=[{"text": "Ada prefers window seats", "user_id": "ada"}, {"text": "tea"}])
assert [s.event for s in stored.results] == ["ADD", "ADD"], stored
found = call("Search", query="which seats?", user_id="ada")
assert found.results[0].memory.memory == "Ada prefers window seats", found
patched = call("Update", id=stored.results[0].id, metadata={"trip": 3, "paid": True})
assert patched.version == 2 and patched.metadata.fields["trip"].number_value == 3, patched
assert call("Stats").active == 2
lines = b"".join(message.lines for message in call("Export"))
assert lines.count(b"\n") >= 5, lines
done = call("Import", messages=[{"existing": "skip", "lines": lines[:100]}, {"lines": lines[100:]}])
assert (done.memories, done.skipped) == (0, 2), done
call("Delete", id=stored.results[1].id, erase=True)
try:
    call("Get", id=stored.results[1].id)
    raise SystemExit("it is still there")
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.NOT_FOUND, error
print("ok")
