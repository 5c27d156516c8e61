//! Failed system calls as values: the system's own code and the operation that failed.

use std::{fmt, io};

/// A system call that failed.
#[derive(Debug)]
pub struct DeviceError {
    /// The operation, in the words of a user.
    pub operation: String,
    /// The system's error number; zero when the failure is not the system's.
    pub errno: i32,
}

/// What operations on devices return.
pub type Result<T> = std::result::Result<T, DeviceError>;

impl DeviceError {
    /// Takes the error of the system call that failed last on this thread.
    pub fn last(operation: impl Into<String>) -> Self {
        Self::from_io(operation, &io::Error::last_os_error())
    }

    /// Keeps the error number of `error`.
    pub fn from_io(operation: impl Into<String>, error: &io::Error) -> Self {
        DeviceError { operation: operation.into(), errno: error.raw_os_error().unwrap_or(0) }
    }

    /// Makes an error from a known number.
    pub fn from_errno(operation: impl Into<String>, errno: i32) -> Self {
        DeviceError { operation: operation.into(), errno }
    }

    /// Returns the symbolic name of the error, as Node spells it.
    pub fn code(&self) -> &'static str {
        match self.errno {
            libc::EPERM => "EPERM",
            libc::EACCES => "EACCES",
            libc::EBUSY => "EBUSY",
            libc::EEXIST => "EEXIST",
            libc::EINVAL => "EINVAL",
            libc::EIO => "EIO",
            libc::ENODEV => "ENODEV",
            libc::ENOENT => "ENOENT",
            libc::ENXIO => "ENXIO",
            libc::ESRCH => "ESRCH",
            libc::EADDRNOTAVAIL => "EADDRNOTAVAIL",
            libc::EADDRINUSE => "EADDRINUSE",
            libc::EAFNOSUPPORT => "EAFNOSUPPORT",
            libc::ENETUNREACH => "ENETUNREACH",
            libc::ENETDOWN => "ENETDOWN",
            libc::EHOSTUNREACH => "EHOSTUNREACH",
            libc::EOPNOTSUPP => "EOPNOTSUPP",
            libc::EMSGSIZE => "EMSGSIZE",
            libc::ERANGE => "ERANGE",
            libc::EMFILE => "EMFILE",
            libc::ENFILE => "ENFILE",
            libc::ENOBUFS => "ENOBUFS",
            libc::ENOMEM => "ENOMEM",
            libc::EBADF => "EBADF",
            _ => "EUNKNOWN",
        }
    }
}

impl fmt::Display for DeviceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, io::Error::from_raw_os_error(self.errno))
    }
}

impl std::error::Error for DeviceError {}
