//! Plants and things.

use super::{Built, is, is_not, join, noise, zeros};

#[test]
fn modbus() {
    let request = [0, 7, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10];
    is("modbus", Built::tcp(502).client(request));
    is("modbus", Built::tcp(5020).client(request).server([0, 7, 0, 0, 0, 3, 1, 0x83, 2]));
    is_not("modbus", Built::tcp(5020).client(request));
    is_not("modbus", Built::tcp(5020).client(request).server([0, 8, 0, 0, 0, 3, 1, 0x83, 2]));
    is_not("modbus", Built::tcp(503).client([0, 7, 0, 1, 0, 6, 1, 3, 0, 0, 0, 10]));
}

#[test]
fn dnp3() {
    let link = [0x05, 0x64, 5, 0xc0, 1, 0, 0, 4, 0xe9, 0x21];
    is("dnp3", Built::tcp(20_001).client(link));
    let mut broken = link;
    broken[8] ^= 1;
    is_not("dnp3", Built::tcp(20_001).client(broken));
}

#[test]
fn grids() {
    is("iec104", Built::tcp(2405).client([0x68, 4, 7, 0, 0, 0]).server([0x68, 4, 0x0b, 0, 0, 0]));
    is_not("iec104", Built::tcp(2405).client([0x68, 4, 7, 0, 0, 0]));
    is_not("iec104", Built::tcp(2405).client([0x68, 4, 9, 0, 1, 0]).server([0x68, 4, 9, 0, 1, 0]));
    let data = [3, 0, 0, 25, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 0, 0, 0, 8, 0, 0];
    is("s7", Built::tcp(102).client(join(&[&data, &zeros(8)])));
    let mut other = data;
    other[7] = 0x33;
    is_not("s7", Built::tcp(103).client(join(&[&other, &zeros(8)])));
    let bacnet = [0x81, 0x0b, 0, 12, 1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 0x08];
    is("bacnet", Built::udp(47_808).client(bacnet));
    is_not("bacnet", Built::udp(47_808).client(&bacnet[..11]));
    let register = join(&[&[0x65, 0, 4, 0], &zeros(20), &[1, 0, 0, 0]]);
    is("ethernet_ip", Built::tcp(44_818).client(&register));
    is_not("ethernet_ip", Built::tcp(44_818).client(&register[..27]));
    is("opc_ua", Built::tcp(4840).client(join(&[b"HELF", &[32, 0, 0, 0], &zeros(24)])));
}

#[test]
fn things() {
    is("mqtt", Built::tcp(1884).client(b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04abcd"));
    is_not("mqtt", Built::tcp(1884).client(b"\x10\x10\0\x04MQTX\x04\x02\0\x3c\0\x04abcd"));
    let get = b"\x41\x01\x12\x34\x77\xb4.well";
    is("coap", Built::udp(5683).client(get));
    is_not("coap", Built::udp(5700).client(get));
    is(
        "someip",
        Built::udp(30_490).client(join(&[
            &[0xff, 0xff, 0x81, 0, 0, 0, 0, 16, 0, 0, 0, 1, 1, 1, 2, 0],
            &zeros(8),
        ])),
    );
    is("nintendo", Built::udp(49_432).client(join(&[&[0x32, 0xab, 0x98, 0x64], &noise(56)])));
    is("source_engine", Built::udp(27_015).client(b"\xff\xff\xff\xffTSource Engine Query\0"));
    is("quake", Built::udp(27_960).client(b"\xff\xff\xff\xffgetstatus\n"));
}
