//! Trains of datagrams through real sockets, and what a kernel refuses.

use super::*;

fn pair(address: &str) -> (Socket, Socket) {
    let bind = || Socket::bind(address.parse().unwrap()).unwrap();
    (bind(), bind())
}

fn receive_all(socket: &Socket, wanted: usize) -> Vec<Vec<u8>> {
    let stop = EventFd::new().unwrap();
    let mut buffer = vec![0; 65_536];
    let mut datagrams = Vec::new();
    while datagrams.len() < wanted {
        sys::wait_readable(socket.as_fd(), &stop);
        while let Some(train) = socket.receive(&mut buffer).unwrap() {
            datagrams.extend(buffer[..train.length].chunks(train.size).map(<[u8]>::to_vec));
        }
    }
    datagrams
}

#[test]
fn a_train_arrives_as_its_datagrams() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (a, b) = pair(address);
        let stop = EventFd::new().unwrap();
        let bytes: Vec<u8> = (0..2500u32).map(|i| (i / 7) as u8).collect();
        a.send_segments(b.local(), &bytes, 1000, &stop);
        let datagrams = receive_all(&b, 3);
        assert_eq!(datagrams, bytes.chunks(1000).map(<[u8]>::to_vec).collect::<Vec<_>>());
    }
}

#[test]
fn a_train_of_too_many_datagrams_falls_back_to_single_ones() {
    let (a, b) = pair("127.0.0.1:0");
    let stop = EventFd::new().unwrap();
    a.send_segments(b.local(), &[7; 300], 1, &stop);
    assert_eq!(receive_all(&b, 300).len(), 300);
    assert!(a.has_segmentation.load(Relaxed));
}

#[test]
fn a_train_that_may_not_wait_says_what_was_lost() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (a, b) = pair(address);
        assert_eq!(a.try_send_segments(b.local(), &[7; 2500], 1000), 0);
        assert_eq!(receive_all(&b, 3).len(), 3);
    }
    let (a, _) = pair("[::1]:0");
    let of_another_family = ([127, 0, 0, 1], 9).into();
    assert_eq!(a.try_send_segments(of_another_family, &[7; 2500], 1000), 3);
    assert_eq!(a.try_send_segments(of_another_family, &[7; 900], 1000), 1);
}

#[test]
fn only_a_device_that_cannot_segment_ends_segmentation() {
    let (a, b) = pair("127.0.0.1:0");
    let after = |errno| a.after_train(Err(io::Error::from_raw_os_error(errno)));
    assert_eq!(a.after_train(Ok(())), AfterTrain::Sent);
    assert_eq!([libc::EMSGSIZE, libc::EINVAL].map(after), [AfterTrain::SendSingly; 2]);
    assert!(a.has_segmentation() && a.too_long_trains() == 1);
    assert_eq!([libc::EAGAIN, libc::ENETUNREACH, libc::EPERM].map(after), [AfterTrain::Lost; 3]);
    assert!(a.has_segmentation() && a.send_errors() == 3);
    assert_eq!(after(libc::EIO), AfterTrain::SendSingly);
    assert!(!a.has_segmentation());
    assert_eq!(a.try_send_segments(b.local(), &[7; 2500], 1000), 0);
    assert_eq!(receive_all(&b, 3).iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 500]);
}

#[test]
fn a_group_shares_a_port_that_nobody_else_gets_and_keeps_the_order_of_every_source() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let group = Socket::bind_group(address.parse().unwrap(), 4).unwrap();
        let local = group[0].local();
        assert!(group.iter().all(|socket| socket.local() == local));
        assert!(Socket::bind(local).is_err() && Socket::bind_group(local, 4).is_err());
        let senders: Vec<_> = (0..64).map(|_| Socket::bind(address.parse().unwrap()).unwrap()).collect();
        for number in 0..10u8 {
            assert!(senders.iter().all(|sender| sender.send(local, &[number])));
        }
        let mut buffer = vec![0; 65_536];
        let mut by_source = std::collections::HashMap::new();
        let mut busy = 0;
        for (lane, socket) in group.iter().enumerate() {
            let mut datagrams = 0;
            while let Some(train) = socket.receive(&mut buffer).unwrap() {
                datagrams += train.length;
                let (first, numbers) = by_source.entry(train.source).or_insert((lane, Vec::new()));
                assert_eq!(*first, lane, "one source, one socket");
                numbers.extend_from_slice(&buffer[..train.length]);
            }
            busy += usize::from(datagrams > 0);
        }
        let in_order: Vec<u8> = (0..10).collect();
        assert_eq!(by_source.len(), 64);
        assert!(by_source.values().all(|(_, numbers)| *numbers == in_order));
        assert!(busy > 1, "64 sources do not all hash to one of four sockets");
        assert!(group.iter().all(|socket| socket.send(senders[0].local(), b"back")));
        let mut name = vec![0; 100];
        for _ in 0..4 {
            assert_eq!(senders[0].receive(&mut name).unwrap().unwrap().source, local);
        }
    }
}

#[test]
fn both_families_can_have_one_port() {
    let v6 = Socket::bind("[::]:0".parse().unwrap()).unwrap();
    let port = v6.local().port();
    let v4 = Socket::bind(([0, 0, 0, 0], port).into()).unwrap();
    for (address, receiver) in [("127.0.0.1:0", &v4), ("[::1]:0", &v6)] {
        let sender = Socket::bind(address.parse().unwrap()).unwrap();
        assert!(sender.send((sender.local().ip(), port).into(), b"x"));
        let stop = EventFd::new().unwrap();
        sys::wait_readable(receiver.as_fd(), &stop);
        let train = receiver.receive(&mut [0; 100]).unwrap().unwrap();
        assert_eq!(train.source, sender.local());
        assert!(receiver.send(train.source, b"y"));
        assert_eq!(receive_all(&sender, 1), [b"y"]);
    }
    assert!(!v6.send(([127, 0, 0, 1], port).into(), b"z"));
    assert_eq!(v6.send_errors(), 1);
}
