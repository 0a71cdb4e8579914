//! Learners and the learning of sessions over gRPC: the same answers as over HTTP, roles, errors.

use api::learner as pb;
use api::learner::learners_client::LearnersClient;
use api::learner::sessions_client::SessionsClient;
use serde_json::{Value, json};
use server::Config;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::client::{Running, models};
use crate::sessions::{flickers, rewarded};

fn start() -> Running {
    Running::start(models("nir/snntorch_srnn12_zero_nodelay.nir", ""), Config::default())
}

async fn channel(server: &Running) -> Channel {
    Channel::from_shared(format!("http://{}", server.address)).unwrap().connect().await.unwrap()
}

fn sample(label: &str, values: [f32; 2]) -> pb::Sample {
    pb::Sample { label: Some(label.into()), values: values.to_vec(), ..Default::default() }
}

fn of(id: &str) -> pb::LearnerRequest {
    pb::LearnerRequest { id: id.into() }
}

#[tokio::test]
async fn what_is_taught_over_grpc_is_known_over_http() {
    let server = start();
    let mut client = LearnersClient::new(channel(&server).await);
    let columns = pb::Columns { inputs: 2, novel_below: Some(0.9), ..Default::default() };
    let spec =
        pb::LearnerSpec { id: Some("a".into()), columns: Some(columns), ..Default::default() };
    let made = client.create_learner(spec.clone()).await.unwrap().into_inner();
    assert_eq!((made.kind.as_str(), made.learning, made.now), ("columns", true, None));
    let samples = vec![sample("x", [1.0, 0.0]), sample("y", [0.0, 1.0]), sample("x", [1.0, 0.1])];
    let learn = pb::LearnRequest { id: "a".into(), samples };
    let taught = client.learn(learn).await.unwrap().into_inner();
    assert_eq!((taught.samples, taught.right, taught.allocated, taught.undoable), (3, 1, 2, 1));
    let input = |values: [f32; 2]| pb::Input { values: values.to_vec(), ..Default::default() };
    let inputs = vec![input([0.1, 1.0]), input([1.0, 1.0])];
    let asked = pb::PredictRequest { id: "a".into(), inputs };
    let said = client.predict(asked).await.unwrap().into_inner().predictions;
    assert_eq!((said[0].label.as_deref(), said[0].novel), (Some("y"), false));
    assert_eq!((said[1].label.as_deref(), said[1].novel), (None, true));
    let over_http = server.ask("GET", "/v1/learners/a", None, Value::Null).of(200);
    let here = client.get_learner(of("a")).await.unwrap().into_inner();
    let now = here.now.unwrap();
    assert_eq!(over_http["now"]["labels"], json!(now.labels));
    assert_eq!(over_http["spec"]["seed"], json!(here.spec.unwrap().seed.unwrap()));
    client.save(of("a")).await.unwrap();
    let undone = client.undo(of("a")).await.unwrap().into_inner();
    assert_eq!(undone.now.unwrap().samples, 0);
    let loaded = client.load(of("a")).await.unwrap().into_inner();
    assert_eq!(loaded.now.unwrap().samples, 3);
    let off = pb::ChangeLearnerRequest { id: "a".into(), learning: false };
    assert!(!client.change_learner(off).await.unwrap().into_inner().learning);
    let off = pb::LearnRequest { id: "a".into(), samples: vec![sample("x", [1.0, 0.0])] };
    assert_eq!(client.learn(off).await.unwrap_err().code(), Code::FailedPrecondition);
    client.forget(of("a")).await.unwrap();
    let all = client.list_learners(pb::ListLearnersRequest {}).await.unwrap().into_inner();
    assert_eq!(all.learners.len(), 1);
    assert_eq!(client.create_learner(spec).await.unwrap_err().code(), Code::FailedPrecondition);
    client.delete_learner(of("a")).await.unwrap();
    assert_eq!(client.get_learner(of("a")).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn every_kind_is_made_and_spikes_are_taken() {
    let server = start();
    let mut client = LearnersClient::new(channel(&server).await);
    let eprop = pb::EProp { channels: 3, classes: 2, neurons: Some(10), ..Default::default() };
    let competition = pb::Competition { inputs: 9, classes: 2, ..Default::default() };
    let liquid = pb::Liquid { neurons: Some(30), parts: Some(2), ..Default::default() };
    let sense = pb::Sense { channels: 3, liquid: Some(liquid) };
    let liquid = pb::Liquids { senses: vec![sense; 2], classes: 2, ..Default::default() };
    let specs = [
        pb::LearnerSpec { eprop: Some(eprop), ..Default::default() },
        pb::LearnerSpec { competition: Some(competition), ..Default::default() },
        pb::LearnerSpec { liquid: Some(liquid), ..Default::default() },
    ];
    let spikes =
        pb::Spikes { steps: 4, at: vec![0, 1, 3], channels: vec![2, 0, 1], values: vec![] };
    let heard = || pb::SenseInput { spikes: Some(spikes.clone()), ..Default::default() };
    for spec in specs {
        let made = client.create_learner(spec).await.unwrap().into_inner();
        let mut sample = sample("x", [0.0; 2]);
        sample.values.clear();
        match made.kind.as_str() {
            "eprop" => sample.spikes = Some(spikes.clone()),
            "competition" => sample.values = vec![0.5; 9],
            _ => sample.senses = vec![heard(), pb::SenseInput::default()],
        }
        let learn = pb::LearnRequest { id: made.id, samples: vec![sample] };
        let taught = client.learn(learn).await.unwrap().into_inner();
        assert_eq!((taught.samples, taught.classes), (1, 1));
    }
    let learn = pb::LearnRequest { id: "nobody".into(), samples: vec![] };
    assert_eq!(client.learn(learn).await.unwrap_err().code(), Code::NotFound);
    let none = client.create_learner(pb::LearnerSpec::default()).await.unwrap_err();
    assert_eq!(none.code(), Code::InvalidArgument);
    assert!(none.message().contains("expected exactly one of columns"), "{none:?}");
}

#[tokio::test]
async fn a_reader_asks_and_does_not_teach() {
    let server = start();
    let key = |by: Option<&str>, role: &str| {
        let spec = json!({ "name": role, "role": role, "tenant": "acme" });
        let made = server.ask("POST", "/v1/keys", by, spec).of(201);
        made["key"].as_str().unwrap().to_owned()
    };
    let admin = key(None, "admin");
    let reader = key(Some(&admin), "reader");
    let mut client = LearnersClient::new(channel(&server).await);
    let with = |id: &str| {
        let mut request = Request::new(of(id));
        let bearer = format!("Bearer {reader}").parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    };
    assert_eq!(client.get_learner(with("a")).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(client.undo(with("a")).await.unwrap_err().code(), Code::PermissionDenied);
    let nobody = client.get_learner(of("a")).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_session_is_rewarded_and_forgets_over_grpc() {
    let (server, _) = rewarded("");
    let open = json!({ "model": "good", "id": "one" });
    server.ask("POST", "/v1/sessions", None, open).of(201);
    server.ask("POST", "/v1/sessions/one/infer", None, flickers()).of(200);
    let mut client = SessionsClient::new(channel(&server).await);
    let reward = |reward| pb::RewardRequest { id: "one".into(), reward };
    assert!(client.reward(reward(1.0)).await.unwrap().into_inner().weight_changes > 0);
    let off = pb::SetLearningRequest { id: "one".into(), learning: false };
    assert!(!client.set_learning(off).await.unwrap().into_inner().learning);
    assert_eq!(client.reward(reward(1.0)).await.unwrap().into_inner().weight_changes, 0);
    let now = client.forget(pb::SessionRequest { id: "one".into() }).await.unwrap().into_inner();
    let over_http = server.ask("GET", "/v1/sessions/one", None, Value::Null).of(200);
    assert_eq!(
        (now.model.as_str(), json!(now.steps_done)),
        ("good", over_http["steps_done"].clone())
    );
    let refused = client.reward(reward(5000.0)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let none = pb::SetLearningRequest { id: "two".into(), learning: true };
    assert_eq!(client.set_learning(none).await.unwrap_err().code(), Code::NotFound);
}
