//! `net/tcp` and `net/tcp6`: which sockets listen on a port. Read once at the start and never again, because the kernel
//! walks its whole hash table for it (milliseconds, whatever the target).

use super::text::{lines, number, words};

/// `TCP_LISTEN` of `include/net/tcp_states.h`.
const LISTEN: &[u8] = b"0A";

/// The inodes of the sockets that listen on `port` in the text of `net/tcp` or `net/tcp6`.
pub(super) fn listening(text: &[u8], port: u16) -> impl Iterator<Item = u64> + '_ {
    lines(text).filter_map(move |line| {
        let mut fields = words(line);
        let local = fields.nth(1)?;
        let state = fields.nth(1)?;
        // "0100007F:1F90": the port is hexadecimal, after the last colon.
        let colon = local.iter().rposition(|&byte| byte == b':')?;
        let local_port = u16::from_str_radix(std::str::from_utf8(&local[colon + 1..]).ok()?, 16).ok()?;
        if local_port != port || state != LISTEN {
            return None;
        }
        fields.nth(5).and_then(number)
    })
}

/// The inode of a descriptor's link, `socket:[12345]`.
pub(super) fn socket_inode(link: &[u8]) -> Option<u64> {
    number(link.strip_prefix(b"socket:[")?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_sockets_that_listen_on_the_port_are_found() {
        let text = include_bytes!("../../tests/fixtures/proc/server/proc/net/tcp");
        assert_eq!(listening(text, 8080).collect::<Vec<_>>(), [41_001]);
        assert_eq!(listening(text, 8081).count(), 0, "an established connection is no listener");
    }

    #[test]
    fn version_six_addresses_end_in_the_port_as_well() {
        let text = include_bytes!("../../tests/fixtures/proc/server/proc/net/tcp6");
        assert_eq!(listening(text, 9090).collect::<Vec<_>>(), [41_006]);
    }

    #[test]
    fn a_socket_is_known_by_its_inode() {
        assert_eq!(socket_inode(b"socket:[41001]"), Some(41_001));
        assert_eq!(socket_inode(b"pipe:[41001]"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, port: u16) {
            let _ = listening(&bytes, port).count();
            socket_inode(&bytes);
        }
    }
}
