//! Agents over gRPC: each method, the same answers as over HTTP, roles, tenants, errors.

use std::collections::HashMap;

use api::agent as pb;
use api::agent::agents_client::AgentsClient;
use serde_json::{Value, json};
use server::Config;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";

fn start() -> Running {
    Running::start(models(NETWORK, ""), Config::default())
}

async fn connect(server: &Running) -> AgentsClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    AgentsClient::new(channel.connect().await.unwrap())
}

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {key}").parse().unwrap());
    request
}

fn key(server: &Running, admin: Option<&str>, role: &str) -> String {
    let spec = json!({ "name": role, "role": role, "tenant": "acme" });
    server.ask("POST", "/v1/keys", admin, spec).of(201)["key"].as_str().unwrap().to_owned()
}

fn creating(id: &str) -> pb::CreateAgentRequest {
    let dimension = pb::Dimension { low: -1.0, high: 1.0, bins: 4 };
    pb::CreateAgentRequest {
        id: Some(id.into()),
        actions: vec!["left".into(), "right".into()],
        policy: Some(pb::Policy { dimensions: vec![dimension; 2], ..Default::default() }),
        seed: Some(3),
        ..Default::default()
    }
}

fn of(id: &str) -> pb::AgentRequest {
    pb::AgentRequest { id: id.into() }
}

fn acting(id: &str, content: &str) -> pb::ActRequest {
    let observation = vec![0.1, -0.2];
    pb::ActRequest { id: id.into(), observation, content: content.into(), ..Default::default() }
}

#[tokio::test]
async fn what_is_done_over_grpc_is_seen_over_http() {
    let server = start();
    let mut client = connect(&server).await;
    let made = client.create_agent(creating("a")).await.unwrap().into_inner();
    assert_eq!((made.id.as_str(), made.seed, made.now), ("a", 3, None));
    let acted = client.act(acting("a", "")).await.unwrap().into_inner();
    assert_eq!((acted.approved, acted.probability), (true, Some(0.5)));
    let learn = pb::LearnRequest {
        id: "a".into(),
        reward: 1.0,
        observation: vec![0.2, 0.2],
        terminal: true,
        ..Default::default()
    };
    let learned = client.learn(learn.clone()).await.unwrap().into_inner();
    assert_eq!((learned.delta, learned.active, learned.eligible), (1.0, 16, 16));
    assert_eq!((learned.weight_changes, learned.critic_error), (32, Some(1.0)));
    let http = server.ask("GET", "/v1/agents/a", None, Value::Null).of(200);
    let ours = client.get_agent(of("a")).await.unwrap().into_inner();
    assert_eq!(http["now"], serde_json::to_value(ours.now.unwrap()).unwrap());
    let refused = client.act(acting("a", "kill the user")).await.unwrap().into_inner();
    assert_eq!((refused.approved, refused.action), (false, None));
    assert_eq!(refused.verdict.unwrap().law, Some("first".into()));
    let nothing = client.learn(learn).await.unwrap_err();
    assert_eq!(nothing.code(), Code::FailedPrecondition, "{nothing}");

    assert_eq!(client.snapshot(of("a")).await.unwrap().into_inner().snapshots, 1);
    assert_eq!(client.undo(of("a")).await.unwrap().into_inner().snapshots, 0);
    assert!(client.save(of("a")).await.unwrap().into_inner().saved_at.is_some());
    client.load(of("a")).await.unwrap();
    client.reset(of("a")).await.unwrap();
    let off = pb::ChangeAgentRequest { id: "a".into(), learning: false };
    assert!(!client.change_agent(off).await.unwrap().into_inner().now.unwrap().learning);
    let adjust = HashMap::from([("formality".to_owned(), 0.5)]);
    let adjust = pb::AdjustPersonaRequest { id: "a".into(), adjust };
    assert_eq!(client.adjust_persona(adjust).await.unwrap().into_inner().traits["formality"], 0.8);
    let persona = client.get_persona(of("a")).await.unwrap().into_inner();
    assert_eq!((persona.interactions, persona.history.last().unwrap().after), (1, 0.8));
    let list = client.list_agents(pb::ListAgentsRequest {}).await.unwrap().into_inner();
    assert_eq!(list.agents.len(), 1);
    client.delete_agent(of("a")).await.unwrap();
    assert_eq!(client.delete_agent(of("a")).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(server.metric("striatum_rpc_requests_total{rpc=\"Act\",code=\"OK\"}"), 2.0);
}

#[tokio::test]
async fn laws_overrides_and_learning_requests() {
    let server = start();
    let mut client = connect(&server).await;
    let asked = pb::JudgeRequest { content: "disable the audit log".into(), ..Default::default() };
    let verdict = client.judge(asked.clone()).await.unwrap().into_inner();
    assert_eq!((verdict.permitted, verdict.law), (false, Some("second".into())));
    let lift =
        pb::LiftRequest { kind: "content_filter".into(), seconds: 60, reason: "a drill".into() };
    let lifted = client.lift(lift).await.unwrap().into_inner();
    assert!(client.judge(asked).await.unwrap().into_inner().permitted);
    let active = client.list_overrides(pb::ListOverridesRequest {}).await.unwrap().into_inner();
    assert_eq!(active.overrides, std::slice::from_ref(&lifted));
    client.end_override(pb::EndOverrideRequest { id: lifted.id }).await.unwrap();

    let asked = |description: &str| pb::RequestLearningRequest {
        topic: "x".into(),
        description: description.into(),
        ..Default::default()
    };
    let first = client.request_learning(asked("one")).await.unwrap().into_inner();
    let second = client.request_learning(asked("two")).await.unwrap().into_inner();
    let approve = pb::ApproveLearningRequest { id: first.id.clone(), response: "yes".into() };
    let approved = client.approve_learning(approve).await.unwrap().into_inner();
    assert_eq!((approved.status.as_str(), approved.response), ("approved", Some("yes".into())));
    let deny = pb::DenyLearningRequest { id: second.id.clone(), reason: "no".into() };
    client.deny_learning(deny).await.unwrap();
    let again = client.request_learning(asked("TWO")).await.unwrap_err();
    assert_eq!(again.code(), Code::FailedPrecondition, "{again}");
    let listed = pb::ListLearningRequest { status: Some("denied".into()), after: None };
    let listed = client.list_learning(listed).await.unwrap().into_inner();
    assert_eq!(listed.requests[0].id, second.id);
    let one = pb::GetLearningRequest { id: first.id };
    assert_eq!(client.get_learning(one).await.unwrap().into_inner().status, "approved");
    let vault = client.list_vault(pb::ListVaultRequest::default()).await.unwrap().into_inner();
    assert_eq!(vault.contents[0].sha256, second.sha256);
}

#[tokio::test]
async fn each_role_may_what_the_table_says() {
    let server = start();
    let mut client = connect(&server).await;
    let admin = key(&server, None, "admin");
    let [reader, writer] = ["reader", "writer"].map(|role| key(&server, Some(&admin), role));
    let stranger = client.create_agent(creating("a")).await.unwrap_err();
    assert_eq!(stranger.code(), Code::Unauthenticated, "{stranger}");
    let refused = client.create_agent(with_key(creating("a"), &reader)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    client.create_agent(with_key(creating("a"), &writer)).await.unwrap();
    client.get_agent(with_key(of("a"), &reader)).await.unwrap();
    let lift = pb::LiftRequest { kind: "four_laws".into(), seconds: 60, reason: "x".into() };
    let refused = client.lift(with_key(lift.clone(), &writer)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    client.lift(with_key(lift, &admin)).await.unwrap();
    let log = server.ask("GET", "/v1/audit", Some(&admin), Value::Null).of(200).to_string();
    assert!(log.contains("\"Lift\""), "{log}");
    let odd = pb::LiftRequest { kind: "odd".into(), ..Default::default() };
    let wrong = client.lift(with_key(odd, &admin)).await.unwrap_err();
    assert_eq!(wrong.code(), Code::InvalidArgument, "{wrong}");
}
