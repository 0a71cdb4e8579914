//! A mail server on loopback gets mail: one that is written here, and a real one where there is one.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alert::{Alert, Config, DeadLetter, Dispatcher, Labels, Sender};
use resilience::{Chance, SystemClock};
use serde_json::json;

use crate::programs::{program, skip};

/// Takes mail as RFC 5321 says; refuses its first letters with these answers.
fn server(refusals: &'static [&'static str]) -> (SocketAddr, Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (sender, letters) = channel();
    std::thread::spawn(move || {
        for (n, stream) in socket.incoming().flatten().enumerate() {
            if let Some(letter) = take(stream, refusals.get(n).copied()) {
                let _ = sender.send(letter);
            }
        }
    });
    (address, letters)
}

/// The envelope and the letter, if it was sent to its end.
fn take(stream: TcpStream, refusal: Option<&str>) -> Option<String> {
    let mut stream = BufReader::new(stream);
    let mut say = |text: &str| stream.get_mut().write_all(format!("{text}\r\n").as_bytes());
    say("220 test").ok()?;
    let mut letter = String::new();
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        letter += &line;
        let mut say = |text: &str| stream.get_mut().write_all(format!("{text}\r\n").as_bytes());
        match line.get(..4).unwrap_or_default() {
            _ if in_data => {
                if line == ".\r\n" {
                    say("250 kept").ok()?;
                    return Some(letter);
                }
            }
            "EHLO" => say("250-test\r\n250 SIZE 1000000").ok()?,
            "RCPT" if refusal.is_some() => say(refusal?).ok()?,
            "DATA" => {
                in_data = true;
                say("354 go on").ok()?;
            }
            "QUIT" => return None,
            _ => say("250 ok").ok()?,
        }
    }
}

fn firing() -> Alert {
    Alert {
        labels: Labels::from([("alertname", "High\r\nBcc: x@example.org"), ("job", "ü")]),
        annotations: Labels::from([("summary", "a\r\n.\r\nQUIT\r\n")]),
        starts_at_ms: 0,
        ends_at_ms: None,
        generator_url: String::new(),
    }
}

async fn mail(server: SocketAddr) -> (Result<(), alert::GivenUp>, u64, Vec<DeadLetter>) {
    let config: Config = serde_json::from_value(json!({
        "route": {"receiver": "r", "group_by": ["alertname"], "group_wait": "0s"},
        "receivers": [{"name": "r", "email_configs": [{
            "to": "Ops <ops@example.org>, b@example.org", "from": "striatum@example.org",
            "smarthost": server.to_string(), "require_tls": false,
        }]}],
        "delivery": {"retry": {"base_seconds": 0.01}, "time": {"attempt_seconds": 30, "total_seconds": 60}},
    }))
    .unwrap();
    let mut dispatcher = Dispatcher::new(&config).unwrap();
    dispatcher.receive(1, vec![firing()]);
    let told = dispatcher.tick(1).remove(0);
    let letters = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&letters);
    let keep = move |letter| kept.lock().unwrap().push(letter);
    let clock = Arc::new(SystemClock::new());
    let sender = Sender::new(&config, clock, &Chance::from_seed(1), Arc::new(keep)).unwrap();
    let result = sender.send(&told).await;
    let letters = std::mem::take(&mut *letters.lock().unwrap());
    (result, sender.tallies()[0].attempts_total, letters)
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_arrives_and_says_only_what_it_should() {
    let (address, letters) = server(&[]);
    let (result, attempts, dead) = mail(address).await;
    assert_eq!((result, attempts, dead), (Ok(()), 1, vec![]));
    let letter = letters.recv().unwrap();
    assert!(letter.contains("MAIL FROM:<striatum@example.org>"), "{letter}");
    assert!(letter.contains("RCPT TO:<ops@example.org>\r\nRCPT TO:<b@example.org>"), "{letter}");
    // No name of an alert makes a header, and no annotation ends the letter.
    let (head, _) = letter.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("\r\nBcc:"), "{letter}");
    assert!(head.contains("Subject: "), "{letter}");
    assert_eq!(letter.matches("\r\n.\r\n").count(), 1, "{letter}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_is_busy_is_asked_again() {
    let (address, letters) = server(&["451 busy", "452 full"]);
    let (result, attempts, dead) = mail(address).await;
    assert_eq!((result, attempts, dead), (Ok(()), 3, vec![]));
    assert!(letters.recv().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_that_refuses_is_not() {
    let (address, _letters) = server(&["550 no such user"]);
    let (result, attempts, dead) = mail(address).await;
    assert_eq!((attempts, dead.len()), (1, 1));
    assert!(result.unwrap_err().to_string().contains("no such user"));
}

/// A running aiosmtpd, which prints what it takes.
struct Aiosmtpd(Child);

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_mail_server_gets_mail() {
    let how = "the path of a Python with aiosmtpd: python3 -m venv V && V/bin/pip install aiosmtpd";
    let Some(python) = program("STRIATUM_PYTHON", how) else { return };
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = Command::new(python)
        .args(["-u", "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Debugging", "stdout", "-l"])
        .arg(address.to_string())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else { return skip("aiosmtpd does not start") };
    let stdout = child.stdout.take().unwrap();
    let _server = Aiosmtpd(child);
    for _ in 0..600 {
        if TcpStream::connect(address).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(mail(address).await, (Ok(()), 1, vec![]));
    let lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let letter: Vec<String> = lines.take_while(|line| !line.contains("END MESSAGE")).collect();
    let letter = letter.join("\n");
    assert!(letter.contains("To: Ops <ops@example.org>, b@example.org"), "{letter}");
    assert!(letter.contains("Subject: ") && !letter.contains("\nBcc:"), "{letter}");
}
