//! Who is at the other end of a connection, by the kernel's word.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// The user at the other end as this process sees it; the kernel's overflow user where its user namespace has none for it.
///
/// rustix's `socket_peercred` takes the pid for one that is never 0. It is 0 where the client is in a pid namespace that this
/// one does not see: on the machine, while this process is in a container.
pub(super) fn user(stream: &UnixStream) -> io::Result<u32> {
    let mut peer = libc::ucred { pid: 0, uid: libc::uid_t::MAX, gid: libc::gid_t::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    let (socket, into) = (stream.as_raw_fd(), (&raw mut peer).cast());
    // SAFETY: the descriptor is open as long as `stream` is borrowed, and the kernel writes at most `length` bytes, which is
    // the size of `peer`; any bytes are a valid `ucred`.
    let outcome = unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, into, &raw mut length) };
    if outcome == 0 { Ok(peer.uid) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_at_the_other_end_is_told() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        assert_eq!(user(&ours).unwrap(), rustix::process::geteuid().as_raw());
    }
}
