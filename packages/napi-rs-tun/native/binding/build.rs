//! Links against Node without its headers.
fn main() {
    napi_build::setup();
}
