//! A small mail server in the test: it takes messages, or refuses them.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Takes,
    /// "Try again later."
    Later,
    /// "Never."
    Refuses,
    /// It takes connections and says nothing.
    Silent,
}

/// A mail server on this machine.
pub(crate) struct FakeSmtp {
    pub(crate) port: u16,
    pub(crate) mood: Arc<Mutex<Mood>>,
    /// Recipient and whole text of each message that was taken.
    pub(crate) taken: Arc<Mutex<Vec<(String, String)>>>,
    pub(crate) connections: Arc<Mutex<usize>>,
}

impl FakeSmtp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            mood: Arc::new(Mutex::new(Mood::Takes)),
            taken: Arc::default(),
            connections: Arc::default(),
        };
        let (mood, taken) = (Arc::clone(&server.mood), Arc::clone(&server.taken));
        let connections = Arc::clone(&server.connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (mood, taken) = (*mood.lock().unwrap(), Arc::clone(&taken));
                tokio::spawn(async move { serve(stream, mood, &taken).await });
            }
        });
        server
    }

    pub(crate) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The messages since the last call.
    pub(crate) fn drain(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

async fn serve(stream: TcpStream, mood: Mood, taken: &Mutex<Vec<(String, String)>>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    if mood == Mood::Silent {
        tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    }
    writer.write_all(b"220 fake\r\n").await.ok();
    let (mut to, mut text, mut in_data) = (String::new(), String::new(), false);
    while let Ok(Some(line)) = lines.next_line().await {
        if in_data && line != "." {
            text.push_str(&line);
            text.push('\n');
            continue;
        }
        let answer = match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250 fake",
            "RCPT" if mood == Mood::Later => "451 try again later",
            "RCPT" if mood == Mood::Refuses => "550 no such mailbox",
            "RCPT" => {
                line.clone_into(&mut to);
                "250 ok"
            }
            "DATA" => {
                in_data = true;
                "354 go on"
            }
            "." => {
                in_data = false;
                let message = (std::mem::take(&mut to), std::mem::take(&mut text));
                taken.lock().unwrap().push(message);
                "250 taken"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writer.write_all(answer.as_bytes()).await.ok();
        writer.write_all(b"\r\n").await.ok();
    }
}
