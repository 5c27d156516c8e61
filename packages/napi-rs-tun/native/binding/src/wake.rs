//! Turns a JavaScript function into a wake that native threads may call.

use device::punt::Wake;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode::NonBlocking;

/// Returns a wake that calls `callback` on the JavaScript thread. It keeps the event loop alive until dropped.
pub fn from_function(callback: Function<'_, (), ()>) -> napi::Result<Wake> {
    let function = callback.build_threadsafe_function::<()>().build()?;
    Ok(Box::new(move || {
        function.call((), NonBlocking);
    }))
}
