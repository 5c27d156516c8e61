//! Native failures as JavaScript errors with a stable `code`.

use dataplane::plane::Refusal;
use device::error::DeviceError;

/// A JavaScript error whose `code` is the system's, e.g. EPERM.
pub type Error = napi::Error<String>;

/// What native methods return.
pub type Result<T> = std::result::Result<T, Error>;

/// Keeps the code and the text of `error`.
pub fn from_device(error: DeviceError) -> Error {
    Error::new(error.code().to_owned(), error.to_string())
}

/// Reports a use of something that was closed.
pub fn closed() -> Error {
    Error::new("EBADF".to_owned(), "it is closed")
}

/// Reports an argument that the facade should have refused.
pub fn invalid(what: &str) -> Error {
    Error::new("EINVAL".to_owned(), what)
}

/// Keeps the reason why a table refused a row.
pub fn from_refusal(refusal: Refusal) -> Error {
    let (code, reason) = match refusal {
        Refusal::Full => ("ENOBUFS", "the table is full"),
        Refusal::Unknown => ("ENOENT", "no such peer or session"),
        Refusal::Invalid => (
            "EINVAL",
            "a key or prefix has the wrong length, the index is taken, an address is not a unicast one, or a channel is zero",
        ),
    };
    Error::new(code.to_owned(), reason)
}
