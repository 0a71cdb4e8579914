//! Who holds memory, and what the allocator holds: by jemalloc, with the feature `jemalloc`.
//!
//! The binary decides: it writes `resources::install_jemalloc!` once, which makes jemalloc its
//! allocator and tells it to sample one allocation in every 512 KiB.
//!
//! jemalloc looks for its settings under the name `_rjem_malloc_conf`, since the crate builds it with
//! that prefix. Under the name `malloc_conf` they are not seen, and there is no profile; that is told
//! as [`Error::Absent`].
//!
//! Source: jemalloc(3), "TUNING" and "HEAP PROFILE FORMAT".

use crate::error::Error;
use crate::profile::Profile;

/// What the allocator holds.
///
/// Source: jemalloc(3), `stats.*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocator {
    /// What the program asked for and has not given back (bytes).
    pub allocated_bytes: u64,
    /// The pages that this lies in (bytes).
    pub active_bytes: u64,
    /// What of it, and of the allocator's own, is in memory (bytes).
    pub resident_bytes: u64,
    /// The address space of all this (bytes).
    pub mapped_bytes: u64,
    /// Address space that is kept for later and is not in memory (bytes).
    pub retained_bytes: u64,
}

/// Makes jemalloc the allocator of a binary, with its profile on. Written once, in the binary.
#[cfg(all(feature = "jemalloc", target_os = "linux"))]
#[macro_export]
macro_rules! install_jemalloc {
    () => {
        #[global_allocator]
        static ALLOCATOR: $crate::profile::heap::Jemalloc = $crate::profile::heap::Jemalloc;

        /// The settings of jemalloc, where it looks for them.
        // SAFETY: jemalloc reads this name as a pointer to text that ends with a zero byte, which a
        // reference to such text is.
        #[unsafe(export_name = "_rjem_malloc_conf")]
        pub static JEMALLOC_SETTINGS: &'static [u8; 45] =
            b"prof:true,prof_active:true,lg_prof_sample:19\0";
    };
}

/// The allocator that `resources::install_jemalloc!` installs.
#[cfg(all(feature = "jemalloc", target_os = "linux"))]
pub use tikv_jemallocator::Jemalloc;

/// Reads what the allocator holds.
///
/// # Errors
///
/// [`Error::Absent`] without the feature `jemalloc` or where it is not the allocator.
pub fn allocator() -> Result<Allocator, Error> {
    platform::allocator()
}

/// Who holds memory: the stacks that allocated it, with names, by what they hold. Writes a file to
/// the folder for temporary files meanwhile, and names functions: some work, so not on an async
/// thread.
///
/// # Errors
///
/// [`Error::Absent`] without the feature `jemalloc`, or where its profile is off, and
/// [`Error::ProfileRunning`] while another is being written.
pub fn profile() -> Result<Profile, Error> {
    platform::profile()
}

#[cfg(not(all(feature = "jemalloc", target_os = "linux")))]
mod platform {
    //! Without jemalloc.

    use super::{Allocator, Error, Profile};

    const REASON: &str = "it is built without the feature `jemalloc`, which is for Linux";

    pub(super) fn allocator() -> Result<Allocator, Error> {
        Err(Error::Absent { what: "the allocator's statistics", reason: REASON.to_owned() })
    }

    pub(super) fn profile() -> Result<Profile, Error> {
        Err(Error::Absent { what: "a heap profile", reason: REASON.to_owned() })
    }
}

#[cfg(all(feature = "jemalloc", target_os = "linux"))]
mod platform {
    //! With jemalloc.

    use tikv_jemalloc_ctl::{epoch, stats};

    use super::{Allocator, Error, Profile};

    pub(super) fn allocator() -> Result<Allocator, Error> {
        let wrong = |error| Error::unreadable("jemalloc", error);
        // Until then the numbers stand still.
        epoch::advance().map_err(wrong)?;
        let allocated_bytes = stats::allocated::read().map_err(wrong)? as u64;
        if allocated_bytes == 0 {
            let reason = "jemalloc is not the allocator; see install_jemalloc!".to_owned();
            return Err(Error::Absent { what: "the allocator's statistics", reason });
        }
        Ok(Allocator {
            allocated_bytes,
            active_bytes: stats::active::read().map_err(wrong)? as u64,
            resident_bytes: stats::resident::read().map_err(wrong)? as u64,
            mapped_bytes: stats::mapped::read().map_err(wrong)? as u64,
            retained_bytes: stats::retained::read().map_err(wrong)? as u64,
        })
    }

    pub(super) fn profile() -> Result<Profile, Error> {
        let Some(control) = jemalloc_pprof::PROF_CTL.as_ref() else {
            let reason = "jemalloc's `prof` is off; see install_jemalloc!".to_owned();
            return Err(Error::Absent { what: "a heap profile", reason });
        };
        // To wait for it would be a panic on an async thread.
        let mut control = control.try_lock().map_err(|_| Error::ProfileRunning { what: "heap" })?;
        let wrong = |error| Error::Profile { what: "heap", reason: format!("{error:#}") };
        let packed = control.dump_pprof().map_err(wrong)?;
        Profile::from_pprof(&packed)
    }
}
