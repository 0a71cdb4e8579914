//! Limits of size, time and number hold, and stopping lets requests finish.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use server::{Config, Memory, ServeError};

use crate::client::{Running, models, refused};

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
    let memory = Memory { short_term_seconds: Some(3_155_760_001), ..Memory::default() };
    let config =
        Config { max_batch: 0, request_timeout_seconds: -1.0, memory, ..Config::default() };
    let error = refused(config);
    let ServeError::Config(problems) = error else { panic!("{error}") };
    assert_eq!(
        problems,
        [
            "request_timeout_seconds: expected 0.001 to 86400, found -1",
            "max_batch: expected 1 to 65536, found 0",
            "memory.short_term_seconds: expected 0 to 3155760000, a century, found 3155760001",
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

/// The head of a request with a body of so many bytes.
fn head(n: usize, more: &str) -> String {
    format!("POST {INFER} HTTP/1.1\r\nhost: x\r\ncontent-length: {n}\r\n{more}\r\n")
}

#[test]
fn a_caller_that_has_said_everything_is_still_answered() {
    let server = Running::start(models(NETWORK, ""), Config::default());
    let body = long(1000);
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(head(body.len(), "").as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.100}");
    // One that goes away in the middle leaves nothing behind.
    for cut in [10, 100, body.len() - 1] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(head(body.len(), "").as_bytes()).unwrap();
        stream.write_all(&body.as_bytes()[..cut]).unwrap();
    }
    while server.metric("striatum_connections{}") > 1.0 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.metric("striatum_requests_in_flight{}"), 0.0);
}

#[test]
fn everything_that_was_let_in_is_answered_when_the_server_stops_under_load() {
    let config = Config { workers: 2, ..Config::default() };
    let mut server = Running::start(models(NETWORK, ""), config);
    let (address, body) = (server.address, long(60_000));
    let callers: Vec<_> = (0..12)
        .map(|_| {
            let body = body.clone();
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(head(body.len(), "connection: close\r\n").as_bytes()).unwrap();
                stream.write_all(body.as_bytes()).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            })
        })
        .collect();
    let let_in = loop {
        // Both of one look: what was let in by then, answered or not.
        let [waiting, done] = server.metrics([
            "striatum_requests_in_flight{}",
            "striatum_requests_total{model=\"good\",outcome=\"ok\"}",
        ]);
        if waiting + done >= 4.0 {
            break (waiting + done) as usize;
        }
        std::thread::yield_now();
    };
    server.tell_to_stop();
    let answers: Vec<String> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    for answer in &answers {
        // What had not been let in was told so, or never was a connection.
        let told = ["HTTP/1.1 200", "HTTP/1.1 503"].iter().any(|head| answer.starts_with(head));
        assert!(answer.is_empty() || told, "{answer:.200}");
        assert!(answer.is_empty() || answer.ends_with('}'), "an answer was cut");
    }
    let answered = answers.iter().filter(|answer| answer.starts_with("HTTP/1.1 200")).count();
    assert!(answered >= let_in, "{let_in} were let in, {answered} were answered");
    server.stop();
}

#[test]
fn slow_callers_do_not_hold_up_a_fast_one() {
    let connections = server::Connections { header_timeout_seconds: 4.0, ..Default::default() };
    let config = Config { connections, request_timeout_seconds: 4.0, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let half = format!("{}{{", head(1000, ""));
    let slow: Vec<TcpStream> = (0..400)
        .map(|k| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            // Half a head, or a head and half a body.
            let said = if k % 2 == 0 { &half.as_bytes()[..20] } else { half.as_bytes() };
            stream.write_all(said).unwrap();
            stream
        })
        .collect();
    assert_eq!(server.post(INFER, &long(10)).0, 200);
    let open = server.metric("striatum_connections{}");
    assert!(open > 300.0, "{open} connections");
    // And they are sent away in the end.
    while server.metric("striatum_connections{}") > 2.0 {
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(slow);
}

#[test]
fn connections_are_bounded_over_all_routes() {
    let connections = server::Connections { max: 3, ..Default::default() };
    let server = Running::start(models(NETWORK, ""), Config { connections, ..Config::default() });
    let held: Vec<TcpStream> =
        (0..3).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(500));
    let mut fourth = TcpStream::connect(server.address).unwrap();
    let _ = fourth.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut answer = Vec::new();
    let _ = fourth.read_to_end(&mut answer);
    assert!(answer.is_empty(), "a fourth connection was answered");
    drop(held);
    // Room is there again once they are gone.
    while TcpStream::connect(server.address).is_err() {}
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(server.get("/health").0, 200);
    // One that came again before there was room counts too.
    assert!(server.metric("striatum_connections_refused_total{}") >= 1.0);
}

#[test]
fn a_body_that_unpacks_to_too_much_is_refused() {
    let config = Config { max_body_bytes: 1 << 20, ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = gzip.finish().unwrap();
    assert!(bomb.len() < 100_000);
    let ask = |body: &[u8]| {
        let more = "content-encoding: gzip\r\nconnection: close\r\n";
        server.raw(&[head(body.len(), more).as_bytes(), body].concat())
    };
    let refused = ask(&bomb);
    assert!(refused.starts_with("HTTP/1.1 413"), "{refused:.200}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(long(10).as_bytes()).unwrap();
    let answer = ask(&gzip.finish().unwrap());
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:.200}");
}

#[test]
fn tls_is_served_read_again_and_asks_for_a_certificate_where_told_to() {
    // Certificates made with openssl; the client is curl, which nobody here wrote.
    let has = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    if !has("curl") || !has("openssl") {
        assert!(std::env::var_os("STRIATUM_NO_SKIP").is_none(), "SKIPPED: no curl or openssl");
        eprintln!("SKIPPED: no curl or openssl");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let make = |name: &str| {
        let made = std::process::Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
            ])
            .args(["-days", "2", "-subj", "/CN=localhost", "-addext"])
            .args(["subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-keyout")
            .arg(at(&format!("{name}.key")))
            .arg("-out")
            .arg(at(&format!("{name}.pem")))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    make("server");
    make("client");
    let curl = |address: std::net::SocketAddr, more: &[&str]| {
        let output = std::process::Command::new("curl")
            .args(["--silent", "--max-time", "20", "--cacert"])
            .arg(at("server.pem"))
            .args(more)
            .arg(format!("https://{address}/health/live"))
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let tls =
        |client_ca| server::Tls { certificate: at("server.pem"), key: at("server.key"), client_ca };
    let alive = "{\"live\":true,\"ready\":true}";
    let config = Config { tls: Some(tls(None)), ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    assert_eq!(curl(server.address, &[]), alive);
    assert_eq!(curl(server.address, &["--http1.1"]), alive);
    // A new certificate is served after a reload, without a restart.
    make("server");
    assert_eq!(curl(server.address, &[]), "", "the old certificate is still served");
    server.reload();
    while curl(server.address, &[]) != alive {
        std::thread::sleep(Duration::from_millis(20));
    }
    let config = Config { tls: Some(tls(Some(at("client.pem")))), ..Config::default() };
    let server = Running::start(models(NETWORK, ""), config);
    assert_eq!(curl(server.address, &[]), "");
    let (pem, key) = (at("client.pem"), at("client.key"));
    let own = ["--cert", pem.to_str().unwrap(), "--key", key.to_str().unwrap()];
    assert_eq!(curl(server.address, &own), alive);
}
