//! Files, shells and databases.

use super::{Built, is, is_not, join, noise, zeros};

#[test]
fn ftp() {
    is("ftp", Built::tcp(2121).client("USER me\r\n").server("220 ready\r\n"));
    is("ftp", Built::tcp(2121).server("220 (vsFTPd 3.0.3)\r\n"));
    is_not("ftp", Built::tcp(2121).client("USER me\r\n").server("+OK ready\r\n"));
    is_not("ftp", Built::tcp(2121).client("EHLO me\r\n").server("220 ready\r\n"));
}

#[test]
fn shells() {
    is("ssh", Built::tcp(2222).server("SSH-2.0-OpenSSH_9.6\r\n"));
    is_not("ssh", Built::tcp(2222).server("SSH_2.0-OpenSSH_9.6\r\n"));
    is("telnet", Built::tcp(2323).server([0xff, 0xfd, 0x18, 0xff, 0xfb, 0x01]));
    is("telnet", Built::tcp(23).server("login: ").client("me\r\n"));
    is_not("telnet", Built::tcp(2323).server([0xff, 0xfd, 0x77, 0xff, 0xfb, 0x01]));
    is_not("telnet", Built::tcp(2323).server([0xff; 32]));
}

#[test]
fn screens() {
    let request = join(&[&[3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0]]);
    is("rdp", Built::tcp(3390).client(&request));
    is(
        "rdp",
        Built::tcp(3390).client(b"\x03\x00\x00\x26\x21\xe0\0\0\0\0\0Cookie: mstshash=somebody\r\n"),
    );
    is_not("rdp", Built::tcp(3390).client(&request[..11]));
    is("vnc", Built::tcp(5900).server("RFB 003.008\n").client("RFB 003.008\n"));
    is_not("vnc", Built::tcp(5999).server("RFB 3.8\n"));
    is("teamviewer", Built::tcp(443).client([0x17, 0x24, 0x0a, 0x20, 0, 0, 0, 0]));
    is_not("teamviewer", Built::tcp(444).client([0x17, 0x25, 0x0a, 0x20, 0, 0, 0, 0]));
    is("x11", Built::tcp(6000).client(b"l\0\x0b\0\0\0\0\0\0\0\0\0"));
}

#[test]
fn smb() {
    is("smb", Built::tcp(445).client(join(&[&[0, 0, 0, 64, 0xfe], b"SMB", &zeros(60)])));
    is("smb", Built::tcp(445).client(join(&[&[0, 0, 0, 64, 0xff], b"SMB", &zeros(60)])));
    is_not("smb", Built::tcp(446).client(join(&[&[0, 0, 0, 64, 0xfe], b"SMC", &zeros(60)])));
    is_not("smb", Built::tcp(446).client(join(&[&[0, 0, 0, 4, 0xfe], b"SMB"])));
}

#[test]
fn small_transfers() {
    is("tftp", Built::udp(69).client(b"\0\x01file\0octet\0"));
    is_not("tftp", Built::udp(70).client(b"\0\x01file\0octal\0"));
    is("rsync", Built::tcp(873).server("@RSYNCD: 31.0\n"));
    is("git", Built::tcp(9418).client("0032git-upload-pack /project.git\0host=example.com\0"));
    is("dropbox", Built::udp(17_500).client(r#"{"host_int": 1, "namespaces": [1]}"#));
    let call = join(&[&[0x80, 0, 0, 40], &noise(4), &zeros(4), &[0, 0, 0, 2, 0, 1, 0x86, 0xa3]]);
    let call = join(&[&call, &[0, 0, 0, 3, 0, 0, 0, 0], &zeros(16)]);
    is("nfs", Built::tcp(2049).client(call));
}

#[test]
fn databases() {
    let greeting = join(&[&[18, 0, 0, 0, 10], b"8.0.36\0", &noise(10)]);
    is("mysql", Built::tcp(3307).server(&greeting));
    is_not("mysql", Built::tcp(3307).server(&greeting[..18]));
    let startup = join(&[&[0, 0, 0, 20, 0, 3, 0, 0], b"user\0me\0\0\0\0\0"]);
    is("postgresql", Built::tcp(5433).client(&startup));
    is("postgresql", Built::tcp(5433).client([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]).server("S"));
    is_not("postgresql", Built::tcp(5433).client([0, 0, 0, 9, 4, 0xd2, 0x16, 0x2f, 0]));
    is("redis", Built::tcp(6380).client("*1\r\n$4\r\nPING\r\n").server("+PONG\r\n"));
    is_not("redis", Built::tcp(6380).client("*x\r\n$4\r\nPING\r\n"));
    let query = join(&[&[58, 0, 0, 0], &noise(4), &zeros(4), &[0xd4, 7, 0, 0], &zeros(42)]);
    is("mongodb", Built::tcp(27_018).client(query));
    let prelogin = join(&[&[0x12, 1, 0, 40, 0, 0, 0, 0, 0, 0, 21, 0, 6], &zeros(27)]);
    is("mssql", Built::tcp(1434).client(prelogin));
    is("cassandra", Built::tcp(9043).client([4, 0, 0, 0, 5, 0, 0, 0, 0]));
    is("memcached", Built::tcp(11_211).client("get key\r\n").server("END\r\n"));
}
