//! The network monitor as a JavaScript class.

use crate::error::{from_device, invalid, Result};
use crate::wake;
use device::monitor::Monitor;
use napi::bindgen_prelude::Function;
use napi_derive::napi;

/// Tells when links, addresses or routes of the machine changed.
#[napi]
pub struct NativeMonitor {
    open: Option<Monitor>,
}

#[napi]
impl NativeMonitor {
    /// Starts listening; `wake` is called once for every burst of changes.
    #[napi(factory)]
    pub fn start(wake: Function<'_, (), ()>) -> Result<NativeMonitor> {
        let wake = wake::from_function(wake).map_err(|error| invalid(&error.reason))?;
        Ok(NativeMonitor { open: Some(Monitor::start(wake).map_err(from_device)?) })
    }

    /// Ends the thread before it returns; does nothing the second time.
    #[napi]
    pub fn close(&mut self) {
        self.open = None;
    }
}
