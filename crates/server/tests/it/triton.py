"""tritonclient, as its users write it, against a server of the digits: HTTP, then gRPC."""

import sys

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

address, images = sys.argv[1], np.load(sys.argv[2])
labels = images["labels"]
images = images["images"].reshape(len(labels), -1).astype(np.float32)


def check(module, plain):
    client = module.InferenceServerClient(address)
    assert client.is_server_live() and client.is_server_ready()
    assert plain(client.get_server_metadata())["name"] == "striatum"
    index = plain(client.get_model_repository_index())
    index = index["models"] if isinstance(index, dict) else index
    assert [(m["name"], m["state"]) for m in index] == [("digits", "READY")], index
    metadata = plain(client.get_model_metadata("digits"))
    assert [int(n) for n in metadata["inputs"][0]["shape"]] == [-1, 784], metadata
    config = plain(client.get_model_config("digits"))
    config = config.get("config", config)
    assert config["max_batch_size"] > 0, config

    client.unload_model("digits")
    assert not client.is_model_ready("digits")
    try:
        client.get_model_metadata("digits")
        raise SystemExit("an unloaded model answered")
    except InferenceServerException as error:
        assert "unloaded" in error.message(), error
    client.load_model("digits")
    assert client.is_model_ready("digits")

    def tensor(values):
        one = module.InferInput("input", list(values.shape), "FP32")
        one.set_data_from_numpy(values)
        return one

    wanted = [module.InferRequestedOutput(name) for name in ("class", "output", "label")]
    right = 0
    for at in range(0, 200, 50):
        batch = images[at : at + 50]
        answer = client.infer("digits", [tensor(batch)], outputs=wanted, request_id=str(at))
        classes = answer.as_numpy("class")
        assert answer.as_numpy("output").shape == (50, 10)
        assert [int(t) for t in answer.as_numpy("label")] == list(classes)
        right += int((classes == labels[at : at + 50]).sum())
    assert right >= 190, right
    top = client.infer(
        "digits", [tensor(images[:1])], outputs=[module.InferRequestedOutput("output", class_count=3)]
    ).as_numpy("output")
    assert top.shape == (1, 3) and top[0][0].decode().endswith(f":{classes_of(client, module, tensor)}")

    def step(**place):
        answer = client.infer("digits", [tensor(images[:1])], sequence_id=7, **place)
        return answer.as_numpy("output")

    first = step(sequence_start=True)
    second = step()
    again = step(sequence_start=True, sequence_end=True)
    assert (first == again).all() and (first != second).any(), (first, second)
    try:
        step()
        raise SystemExit("a sequence that has ended answered")
    except InferenceServerException as error:
        assert "does not exist" in error.message(), error

    counted = plain(client.get_inference_statistics("digits"))["model_stats"][0]
    assert int(counted["inference_count"]) == 200 + 1 + 1 + 3, counted
    assert int(counted["inference_stats"]["fail"].get("count", 0)) == 1, counted
    client.close()


def classes_of(client, module, tensor):
    wanted = [module.InferRequestedOutput("class")]
    return int(client.infer("digits", [tensor(images[:1])], outputs=wanted).as_numpy("class")[0])


def stream():
    """A gRPC stream that owns a sequence."""
    client = tritonclient.grpc.InferenceServerClient(address)
    answers = []
    client.start_stream(lambda result, error: answers.append(error or result.as_numpy("output")))
    one = tritonclient.grpc.InferInput("input", [1, 784], "FP32")
    one.set_data_from_numpy(images[:1])
    for k in range(3):
        client.async_stream_infer(
            "digits", [one], sequence_id=11, sequence_start=k == 0, sequence_end=k == 2
        )
    client.stop_stream()
    assert len(answers) == 3, answers
    assert (answers[0] != answers[1]).any(), answers
    client.close()


def message(value):
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(value, preserving_proto_field_name=True)


check(tritonclient.http, lambda value: value)
print("http ok")
check(tritonclient.grpc, message)
stream()
print("grpc ok")
