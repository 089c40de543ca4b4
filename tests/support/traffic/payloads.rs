//! First bytes of the protocols that the sample speaks, true enough for a dissector to know them.

/// A query for the IPv4 address of `name`, or with `answer` its response.
pub fn dns(id: u16, name: &str, answer: Option<[u8; 4]>) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend(if answer.is_some() { [0x81, 0x80] } else { [0x01, 0x00] });
    message.extend([0, 1, 0, u8::from(answer.is_some()), 0, 0, 0, 0]);
    for label in name.split('.') {
        message.push(label.len() as u8);
        message.extend(label.bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    if let Some(address) = answer {
        // The name by reference to byte 12, type A, class IN, 300 s, four bytes.
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
        message.extend(address);
    }
    message
}

pub fn http_request(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sample/1.0\r\nAccept: */*\r\n\r\n")
        .into_bytes()
}

pub fn http_response(body_bytes: usize) -> Vec<u8> {
    let mut response = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {body_bytes}\r\n\r\n"
    )
    .into_bytes();
    response.resize(response.len() + body_bytes, b'x');
    response
}

/// A TLS ClientHello with a server name (RFC 8446 section 4.1.2, RFC 6066 section 3).
pub fn client_hello(server_name: &str, random: &[u8]) -> Vec<u8> {
    let name = server_name.as_bytes();
    let mut extensions = vec![0, 0];
    extensions.extend((name.len() as u16 + 5).to_be_bytes());
    extensions.extend((name.len() as u16 + 3).to_be_bytes());
    extensions.push(0);
    extensions.extend((name.len() as u16).to_be_bytes());
    extensions.extend(name);
    extensions.extend([0, 43, 0, 3, 2, 3, 4]); // supported versions: TLS 1.3

    let mut body = vec![3, 3];
    body.extend(&random[..32]);
    body.extend([0, 0, 4, 0x13, 0x01, 0x13, 0x02, 1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);

    let mut handshake = vec![1, 0];
    handshake.extend((body.len() as u16).to_be_bytes());
    handshake.extend(body);
    tls_record(22, &handshake)
}

/// A ServerHello that picks the first suite, and something encrypted behind it.
pub fn server_hello(random: &[u8], encrypted: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend(&random[..32]);
    body.extend([0, 0x13, 0x01, 0, 0, 6, 0, 43, 0, 2, 3, 4]);
    let mut handshake = vec![2, 0];
    handshake.extend((body.len() as u16).to_be_bytes());
    handshake.extend(body);
    [tls_record(22, &handshake), tls_record(23, encrypted)].concat()
}

pub fn tls_data(encrypted: &[u8]) -> Vec<u8> {
    tls_record(23, encrypted)
}

fn tls_record(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 3, 3];
    record.extend((content.len() as u16).to_be_bytes());
    record.extend(content);
    record
}

/// NTP version 4: mode 3 asks, mode 4 answers (RFC 5905).
pub fn ntp(mode: u8) -> Vec<u8> {
    let mut message = vec![0x20 | mode, 2, 6, 0xe9];
    message.resize(48, 0);
    message
}
