//! Mail and news.

use crate::labels::*;
use crate::read::{begins, first_line, holds, reply_code};
use crate::seen::Talk;
use crate::signature::{Hit, ONE_SIDE, Signature, WITH_PORT, tcp};

pub const SIGNATURES: &[Signature] = &[
    tcp(b"EHLeh", smtp).or_server(b"245"),
    tcp(b"UCASLRNQTuca", pop3).or_server(b"+"),
    tcp(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", imap).or_server(b"*"),
    tcp(b"MCGALX", nntp).or_server(b"2"),
];

/// RFC 5321: the server greets with 220; the client says EHLO or HELO. FTP greets so, too: its
/// answers differ.
fn smtp(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let says_hello = ["EHLO", "HELO", "LHLO "].iter().any(|word| begins(client, word));
    let greets = matches!(reply_code(server), Some(220 | 250 | 421 | 501 | 554));
    if says_hello && (server.is_empty() || greets) {
        return Some(Hit::of(talk, SMTP, "SMTP: EHLO"));
    }
    let (greeting, _) = first_line(server);
    let greeting = greeting.get(4..)?;
    // Servers name the protocol in their greeting (section 4.3.1); the FTP servers' greetings do
    // not.
    let is_named = holds(greeting, b"SMTP") || holds(greeting, b"smtp");
    (greets && is_named).then(|| Hit::new(SMTP, ONE_SIDE, "SMTP: greeting"))
}

/// RFC 1939 section 3: answers begin with +OK or -ERR, commands have three or four letters.
fn pop3(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let answers = server.starts_with(b"+OK") || server.starts_with(b"-ERR");
    let commands =
        ["USER ", "CAPA", "AUTH", "APOP ", "STLS", "QUIT", "STAT", "LIST", "RETR ", "UIDL", "NOOP"];
    let asks = commands.iter().any(|word| begins(client, word));
    match (asks, answers) {
        (true, true) => Some(Hit::of(talk, POP3, "POP3: command and +OK")),
        (false, true) if client.is_empty() && talk.server.length > 4 => {
            Some(Hit::new(POP3, if talk.has_port(110) { ONE_SIDE } else { WITH_PORT }, "POP3: +OK"))
        }
        _ => None,
    }
}

/// RFC 3501: the server greets with * OK, * PREAUTH or * BYE; commands have a tag before them.
fn imap(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let greets = ["* OK", "* PREAUTH", "* BYE"].iter().any(|word| begins(server, word));
    if greets && client.is_empty() {
        let is_named = holds(server, b"IMAP") || holds(server, b"CAPABILITY") || talk.has_port(143);
        return is_named.then(|| Hit::new(IMAP, ONE_SIDE, "IMAP: greeting"));
    }
    let space = client.iter().take(16).position(|byte| *byte == b' ')?;
    let command = client.get(space + 1..)?;
    let commands =
        ["CAPABILITY", "LOGIN ", "AUTHENTICATE ", "STARTTLS", "NOOP", "ID ", "LOGOUT", "SELECT "];
    let asks = space > 0 && commands.iter().any(|word| begins(command, word));
    let answers = greets || server.starts_with(b"* ") || server.starts_with(&client[..space]);
    let fits = asks && (answers || (server.is_empty() && talk.has_port(143)));
    fits.then(|| Hit::of(talk, IMAP, "IMAP: command with its tag"))
}

/// RFC 3977 section 5: greeting 200 or 201, then MODE READER, CAPABILITIES, GROUP, AUTHINFO or
/// LIST.
fn nntp(talk: &Talk) -> Option<Hit> {
    let (client, server) = (talk.client.bytes, talk.server.bytes);
    let greets = matches!(reply_code(server), Some(200 | 201));
    let commands =
        ["MODE READER", "CAPABILITIES", "GROUP ", "AUTHINFO ", "LIST", "XOVER ", "ARTICLE "];
    let asks = commands.iter().any(|word| begins(client, word));
    let (greeting, _) = first_line(server);
    let is_named = ["NNTP", "InterNetNews"].iter().any(|word| holds(greeting, word.as_bytes()));
    let fits = greets && (asks || is_named || (client.is_empty() && talk.has_port(119)));
    fits.then(|| Hit::of(talk, NNTP, "NNTP: greeting"))
}
