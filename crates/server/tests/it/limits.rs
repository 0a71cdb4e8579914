//! Limits of size, time and number hold, and stopping lets requests finish.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use server::{Config, ServeError, Told};

use crate::client::{Running, models};

const NETWORK: &str = "nir/snntorch_srnn12_zero_nodelay.nir";
const INFER: &str = "/v2/models/good/infer";

fn long(steps: usize) -> String {
    let data = vec![1; steps * 12];
    let input =
        json!({ "name": "input", "shape": [1, steps, 12], "datatype": "FP32", "data": data });
    json!({ "inputs": [input], "outputs": [{ "name": "output" }] }).to_string()
}

#[test]
fn a_body_over_the_limit_is_refused() {
    let config = Config { max_body_bytes: 1000, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let (status, answer) = server.post(INFER, &long(100));
    assert_eq!(
        (status, answer["error"].as_str()),
        (413, Some("body: expected at most 1000 bytes"))
    );
}

#[test]
fn an_answer_over_the_limit_of_time_is_given_up() {
    let config = Config { request_timeout_seconds: 0.002, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let (status, answer) = server.post(INFER, &long(60_000));
    let error = answer["error"].as_str().unwrap().to_owned();
    assert_eq!((status, error.as_str()), (504, "no answer within 0.002 seconds"));
}

#[test]
fn a_body_that_never_ends_is_given_up() {
    let config = Config { request_timeout_seconds: 0.2, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let head = format!("POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{\"inp");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 64];
    let n = stream.read(&mut answer).unwrap();
    assert!(String::from_utf8_lossy(&answer[..n]).starts_with("HTTP/1.1 504"));
}

#[test]
fn more_requests_than_are_let_in_are_told_to_come_back() {
    let config = Config { max_in_flight: 1, workers: 1, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let body = long(60_000);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| server.post(INFER, &body).0)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|s| [200, 503].contains(s)), "{statuses:?}");
    assert!(statuses.contains(&200) && statuses.contains(&503), "{statuses:?}");
    let busy = server.metric("striatum_requests_total{model=\"good\",outcome=\"busy\"}");
    assert_eq!(busy as usize, statuses.iter().filter(|s| **s == 503).count());
    assert_eq!(server.metric("striatum_requests_in_flight{}"), 0.0);
}

#[test]
fn a_request_that_was_let_in_finishes_when_the_server_stops() {
    let mut server = Running::start(models(NETWORK, ""), Config::default());
    let body = long(60_000);
    let address = server.address;
    let request = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST {INFER} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    while server.metric("striatum_requests_in_flight{}") == 0.0 && !request.is_finished() {
        std::thread::yield_now();
    }
    server.tell_to_stop();
    let answer = request.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.100}");
    server.stop();
    assert!(TcpStream::connect(address).is_err(), "the port is free again");
}

#[test]
fn settings_that_cannot_be_are_all_named() {
    let config = Config { max_batch: 0, request_timeout_seconds: -1.0, ..Config::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stop = std::future::ready(());
    let error = runtime
        .block_on(server::serve(
            config,
            |_, _| {},
            Told { stop, reload: std::future::pending::<()> },
        ))
        .unwrap_err();
    let ServeError::Config(problems) = error else { panic!("{error}") };
    assert_eq!(
        problems,
        [
            "request_timeout_seconds: expected 0.001 to 86400, found -1",
            "max_batch: expected 1 to 65536, found 0",
        ]
    );
}

#[test]
fn a_model_with_a_wrong_spec_is_not_ready_and_says_why() {
    let spec = "[input]\nencoding = \"rate\"\nsteps = 0\n[output]\nlabels = [\"a\"]\n";
    let server = Running::start(models(NETWORK, spec), Config::default());
    let (status, answer) = server.post(INFER, "{}");
    let error = answer["error"].as_str().unwrap();
    assert_eq!(status, 409);
    assert!(
        error.ends_with(
            "model.toml: input.steps: expected at least 1, found 0; \
             output.labels: expected 7 as the output, found 1"
        ),
        "{error}"
    );
    assert_eq!(server.get("/ready").0, 503);
}

#[test]
fn a_server_backs_itself_up_and_removes_what_no_rule_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backups");
    let keep = server::backup::Keep { last: 2, daily: 0, weekly: 0, monthly: 0 };
    // An hour's share: the next one is due after a second.
    let (folder_of, every_hours) = (to.clone(), 1.0 / 3600.0);
    let backup = server::Backup { folder: folder_of, every_hours, recipients: Vec::new(), keep };
    let config = Config { backup: Some(backup), ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    while server.metric("striatum_backups_total{outcome=\"ok\"}") < 3.0 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let listed = server::backup::list(&to).unwrap();
    assert!((1..=2).contains(&listed.len()), "{listed:?}");
    let path = to.join(&listed[0].name);
    server::backup::verify(&path, &server::backup::Identities::default()).unwrap();
}
