//! gRPC beside what tritonclient shows: who may call what, health, reflection, streams that own a
//! session.

use api::inference::grpc_inference_service_client::GrpcInferenceServiceClient;
use api::inference::infer_parameter::ParameterChoice;
use api::inference::model_infer_request::InferInputTensor;
use api::inference::{self as pb, InferParameter, InferTensorContents, ModelInferRequest};
use serde_json::json;
use server::Config;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";

fn parameter(choice: ParameterChoice) -> InferParameter {
    InferParameter { parameter_choice: Some(choice) }
}

/// Ten steps of a session.
fn steps(session: &str, start: bool) -> ModelInferRequest {
    let contents = InferTensorContents {
        fp32_contents: (0..120u8).map(|n| f32::from(u8::from(n % 3 == 0))).collect(),
        ..Default::default()
    };
    let input = InferInputTensor {
        name: "input".into(),
        datatype: "FP32".into(),
        shape: vec![1, 10, 12],
        contents: Some(contents),
        ..Default::default()
    };
    let id = parameter(ParameterChoice::StringParam(session.into()));
    let start = parameter(ParameterChoice::BoolParam(start));
    ModelInferRequest {
        model_name: "good".into(),
        inputs: vec![input],
        parameters: [("sequence_id".into(), id), ("sequence_start".into(), start)].into(),
        ..Default::default()
    }
}

async fn connect(server: &Running) -> GrpcInferenceServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    GrpcInferenceServiceClient::new(channel.connect().await.unwrap())
}

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn key(server: &Running, admin: Option<&str>, role: &str, tenant: &str) -> String {
    let spec = json!({ "name": role, "role": role, "tenant": tenant });
    server.ask("POST", "/v1/keys", admin, spec).of(201)["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_role_may_what_the_table_says_and_tenants_are_apart() {
    let server = Running::start(models(NETWORK, ""), Config::default());
    let mut client = connect(&server).await;
    let admin = key(&server, None, "admin", "acme");
    let [scraper, reader, writer] =
        ["scraper", "reader", "writer"].map(|role| key(&server, Some(&admin), role, "acme"));
    let other = key(&server, Some(&admin), "writer", "other");

    client.server_live(pb::ServerLiveRequest {}).await.unwrap();
    let metadata = || pb::ModelMetadataRequest { name: "good".into(), version: String::new() };
    let refused = client.model_metadata(metadata()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused}");
    let refused = client.model_metadata(with_key(metadata(), &scraper)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    client.model_metadata(with_key(metadata(), &reader)).await.unwrap();

    let refused = client.model_infer(with_key(steps("a", true), &reader)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    client.model_infer(with_key(steps("a", true), &writer)).await.unwrap();
    client.model_infer(with_key(steps("a", false), &writer)).await.unwrap();
    let theirs = client.model_infer(with_key(steps("a", false), &other)).await.unwrap_err();
    assert_eq!((theirs.code(), theirs.message()), (Code::NotFound, "session a does not exist"));

    let unload =
        || pb::RepositoryModelUnloadRequest { model_name: "good".into(), ..Default::default() };
    let refused = client.repository_model_unload(with_key(unload(), &writer)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    client.repository_model_unload(with_key(unload(), &admin)).await.unwrap();
    let gone = client.model_infer(with_key(steps("b", true), &writer)).await.unwrap_err();
    assert_eq!(gone.code(), Code::FailedPrecondition, "{gone}");
    let log = server.ask("GET", "/v1/audit", Some(&admin), serde_json::Value::Null).of(200);
    assert_eq!(log["entries"][0]["action"], "RepositoryModelUnload");
}

#[tokio::test]
async fn a_stream_owns_a_session_and_says_what_is_wrong_in_it() {
    let server = Running::start(models(NETWORK, ""), Config::default());
    let mut client = connect(&server).await;
    let mut wrong = steps("s", false);
    wrong.inputs[0].shape = vec![1, -10, 12];
    let messages = vec![steps("s", true), steps("s", false), wrong, steps("s", false)];
    let answers = client.model_stream_infer(tokio_stream::iter(messages)).await.unwrap();
    let mut answers = answers.into_inner();
    let mut said = Vec::new();
    while let Some(answer) = answers.message().await.unwrap() {
        said.push(answer);
    }
    assert_eq!(said.len(), 4);
    let errors: Vec<&str> = said.iter().map(|answer| answer.error_message.as_str()).collect();
    let problem = "input input: shape [1, -10, 12], expected no negative axis";
    assert_eq!(errors, ["", "", problem, ""]);
    // The session stays when the stream has ended, and HTTP sees the very same.
    let session = server.ask("GET", "/v1/sessions/s", None, serde_json::Value::Null).of(200);
    assert_eq!(session["steps_done"], 30);
}

#[tokio::test]
async fn a_stream_ends_to_be_answered_with_its_tenant() {
    let server = Running::start(models(NETWORK, ""), Config::default());
    let made = |admin: Option<&str>, role: &str, tenant: &str| {
        let spec = json!({ "name": role, "role": role, "tenant": tenant });
        let key = server.ask("POST", "/v1/keys", admin, spec).of(201);
        key["key"].as_str().unwrap().to_owned()
    };
    let admin = made(None, "admin", "house");
    let writer = made(Some(&admin), "writer", "acme");
    let (tell, told) = tokio::sync::mpsc::channel(1);
    let told = tokio_stream::wrappers::ReceiverStream::new(told);
    let mut client = connect(&server).await;
    let answers = client.model_stream_infer(with_key(told, &writer)).await.unwrap();
    let mut answers = answers.into_inner();
    tell.send(steps("s", true)).await.unwrap();
    assert_eq!(answers.message().await.unwrap().unwrap().error_message, "");
    let erase = "/v1/tenants/acme?confirm=acme";
    server.ask("DELETE", erase, Some(&admin), serde_json::Value::Null).of(200);
    tell.send(steps("s", true)).await.unwrap();
    let refused = answers.message().await.unwrap().unwrap();
    assert_eq!(refused.error_message, "the key is not known any more");
}

#[tokio::test]
async fn health_and_reflection_answer() {
    use tonic_health::pb::health_check_response::ServingStatus;
    use tonic_health::pb::health_client::HealthClient;
    use tonic_reflection::pb::v1::ServerReflectionRequest;
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

    let server = Running::start(models(NETWORK, ""), Config::default());
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    for service in [
        "",
        "inference.GRPCInferenceService",
        "striatum.memory.v1.Memory",
        "striatum.memory.v1.Knowledge",
        "striatum.agent.v1.Agents",
    ] {
        let ask = tonic_health::pb::HealthCheckRequest { service: service.into() };
        // The reporter's first look may be a moment away.
        let mut status = health.check(ask.clone()).await;
        while status.as_ref().map_or(true, |s| s.get_ref().status() != ServingStatus::Serving) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            status = health.check(ask.clone()).await;
        }
    }
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel);
    let answers = reflection.server_reflection_info(tokio_stream::iter([list])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("no list")
    };
    let names: Vec<&str> = services.service.iter().map(|s| s.name.as_str()).collect();
    assert!(names.contains(&"inference.GRPCInferenceService"), "{names:?}");
    for name in ["striatum.memory.v1.Memory", "striatum.memory.v1.Knowledge"] {
        assert!(names.contains(&name), "{names:?}");
    }
}
