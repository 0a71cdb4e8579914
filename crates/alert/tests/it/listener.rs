//! A receiver on loopback that answers as it is told to, and keeps what it got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use serde_json::Value;

/// How a request is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// With this status and these further header lines.
    Status(u16, &'static str),
    /// Not at all; the connection stays open.
    Hang,
    /// With half of a head, then closed.
    CloseInHead,
    /// With half of a body, then closed.
    CloseInBody,
    /// Closed before a word.
    Close,
    /// With something that is not HTTP.
    Noise,
    /// With more than anybody should read, for ever.
    Endless,
}

/// What arrived.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) at: Instant,
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: Value,
}

pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Receiver<Request>,
}

impl Listener {
    /// Answers as the list says, one after the other, the last for ever.
    pub(crate) fn new(answers: &[Answer]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let (sender, requests) = channel();
        let answers = Arc::new(Mutex::new(answers.to_vec()));
        std::thread::spawn(move || {
            for stream in socket.incoming().flatten() {
                let (sender, answers) = (sender.clone(), Arc::clone(&answers));
                std::thread::spawn(move || serve(stream, &sender, &answers));
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook/hunter2", self.address)
    }

    pub(crate) fn so_far(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

fn serve(stream: TcpStream, sender: &Sender<Request>, answers: &Mutex<Vec<Answer>>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let _ = sender.send(request);
        let answer = {
            let mut answers = answers.lock().unwrap();
            if answers.len() > 1 { answers.remove(0) } else { answers[0] }
        };
        let stream = reader.get_mut();
        let said = match answer {
            Answer::Status(code, headers) => {
                let text = format!("HTTP/1.1 {code} X\r\n{headers}Content-Length: 2\r\n\r\nok");
                let _ = stream.write_all(text.as_bytes());
                continue;
            }
            Answer::Hang => {
                // Until the other side gives up.
                let _ = stream.read(&mut [0; 64]);
                ""
            }
            Answer::CloseInHead => "HTTP/1.1 200 OK\r\nContent-",
            Answer::CloseInBody => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
            Answer::Close => "",
            Answer::Noise => "\0\0\r\n\r\nnoise\r\n\r\n",
            Answer::Endless => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                while stream.write_all(b"5\r\nhello\r\n").is_ok() {}
                ""
            }
        };
        let _ = stream.write_all(said.as_bytes());
        return;
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Some(Request { at: Instant::now(), head, body })
}
