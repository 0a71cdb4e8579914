//! Vectors of `f32` with run-time dispatch: one generic kernel, three instruction sets.
//! A kernel is written once over [`Simd`]; [`dispatch!`](crate::simd) compiles it for each
//! instruction set and picks one by [`Isa`]. No kernel fuses a multiplication with an addition,
//! so every instruction set gives the same bits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use portable::Portable;

/// The instruction set that the kernels run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 16 lanes (AVX-512 F, BW, VL).
    Avx512,
    /// 8 lanes (AVX2).
    Avx2,
    /// 8 lanes in plain Rust, for every other machine.
    Portable,
}

impl Isa {
    /// The widest instruction set that this machine has.
    pub fn detect() -> Self {
        *Self::available().first().unwrap_or(&Self::Portable)
    }

    /// Every instruction set that this machine can run, widest first.
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
            {
                all.push(Self::Avx512);
            }
            if std::arch::is_x86_feature_detected!("avx2") {
                all.push(Self::Avx2);
            }
        }
        all.push(Self::Portable);
        all
    }
}

/// A vector of `f32` lanes and the few operations that neuron models need.
///
/// # Safety
/// Every function may be called only where the machine has the instruction set of the type, and
/// every pointer must be valid for [`Simd::LANES`] values.
pub(crate) unsafe trait Simd: Copy {
    const LANES: usize;
    type F: Copy;
    type M: Copy;
    /// Vectors of half the lanes, where there are narrower ones, for what is left of a row.
    type Half: Simd;

    unsafe fn load(p: *const f32) -> Self::F;
    unsafe fn store(p: *mut f32, a: Self::F);
    unsafe fn splat(a: f32) -> Self::F;
    unsafe fn add(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn sub(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn mul(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn div(a: Self::F, b: Self::F) -> Self::F;
    unsafe fn max(a: Self::F, b: Self::F) -> Self::F;
    /// Rounds towards zero.
    unsafe fn trunc(a: Self::F) -> Self::F;
    unsafe fn gt(a: Self::F, b: Self::F) -> Self::M;
    unsafe fn ge(a: Self::F, b: Self::F) -> Self::M;
    unsafe fn nonzero(a: Self::F) -> Self::M;
    unsafe fn and_not(a: Self::M, not: Self::M) -> Self::M;
    /// `m ? yes : no`, lane by lane.
    unsafe fn select(m: Self::M, yes: Self::F, no: Self::F) -> Self::F;
    /// Stores one bit per lane, lowest lane first, in `LANES / 8` bytes.
    unsafe fn store_bits(p: *mut u8, m: Self::M);
    /// Writes `base` plus the position of each set bit among the [`Simd::LANES`] bits at `bits`,
    /// ascending, and gives their number. `out` must have room for [`Simd::LANES`] values whatever
    /// the number.
    unsafe fn positions(bits: *const u8, base: u32, out: *mut u32) -> usize;
    /// Adds `N` vectors of 32 signed bytes per row, over the rows listed, into 32 `N` sums, and
    /// adds the sums times `scale` to `out`.
    unsafe fn add_rows_i8<const N: usize>(
        base: *const i8,
        row: usize,
        events: &[u32],
        scale: f32,
        out: *mut f32,
    );
}

/// The positions of the set bits of each byte, lowest first, in the bytes of a word.
pub(crate) static POSITIONS: [u64; 256] = {
    let mut table = [0u64; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut left, mut found) = (byte, 0);
        while left != 0 {
            table[byte] |= (left.trailing_zeros() as u64) << (8 * found);
            found += 1;
            left &= left - 1;
        }
        byte += 1;
    }
    table
};

/// Runs a generic kernel `$f::<S>(name: type = value, ..) -> type` under the instruction set `$isa`.
macro_rules! dispatch {
    ($isa:expr, $(<$g:ident: $b:path>)? $f:ident ( $($a:ident : $t:ty = $v:expr),* $(,)? ) $(-> $r:ty)?) => {{
        use $crate::simd::Isa;
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,bmi1,bmi2,popcnt")]
        unsafe fn avx512$(<$g: $b>)?($($a: $t),*) $(-> $r)? {
            // SAFETY: the caller has seen that the machine has these instructions.
            unsafe { $f::<$crate::simd::Avx512 $(, $g)?>($($a),*) }
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
        unsafe fn avx2$(<$g: $b>)?($($a: $t),*) $(-> $r)? {
            // SAFETY: as above.
            unsafe { $f::<$crate::simd::Avx2 $(, $g)?>($($a),*) }
        }
        match $isa {
            // SAFETY: `Isa::available` lists an instruction set only where the machine has it.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => unsafe { avx512$(::<$g>)?($($v),*) },
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { avx2$(::<$g>)?($($v),*) },
            // SAFETY: plain Rust needs no instruction set.
            _ => unsafe { $f::<$crate::simd::Portable $(, $g)?>($($v),*) },
        }
    }};
}
pub(crate) use dispatch;
