//! Dot products of bytes and of floats, with run-time dispatch; every instruction set gives the
//! same bits. Integers are exact; floats are added in sixteen lanes whose order is fixed, never fused.
//!
//! Rows are unsigned (`value + 128`) and the query is signed, as `vpdpbusd` wants them: the bias
//! is 128 times the sum of the query, once for each query.

/// A cache line, which memory for rows begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u8; LINE]);

/// Bytes of a line.
pub(crate) const LINE: usize = 64;
/// What is added to a signed byte to store it.
pub(crate) const BIAS: u8 = 128;

impl Line {
    /// Zeros, as they are stored.
    pub(crate) const ZERO: Self = Self([BIAS; LINE]);
}

/// The instruction set that the kernels run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// 64 bytes at once (AVX-512 F, BW, VL, VNNI).
    Avx512,
    /// 16 bytes at once (AVX2).
    Avx2,
    /// Plain Rust, for every other machine.
    Portable,
}

impl Isa {
    /// The widest instruction set that this machine has.
    pub fn detect() -> Self {
        *Self::available().first().unwrap_or(&Self::Portable)
    }

    /// Every instruction set that this machine can run, widest first.
    pub fn available() -> Vec<Self> {
        let mut all = Vec::with_capacity(3);
        #[cfg(target_arch = "x86_64")]
        {
            if std::arch::is_x86_feature_detected!("avx512f")
                && std::arch::is_x86_feature_detected!("avx512bw")
                && std::arch::is_x86_feature_detected!("avx512vl")
                && std::arch::is_x86_feature_detected!("avx512vnni")
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

/// Bytes of lines.
pub(crate) fn bytes_of(lines: &[Line]) -> &[u8] {
    // SAFETY: a line is 64 bytes without padding, and bytes need no alignment.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), size_of_val(lines)) }
}

/// Bytes of lines, to write.
pub(crate) fn bytes_of_mut(lines: &mut [Line]) -> &mut [u8] {
    // SAFETY: as above, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), size_of_val(lines)) }
}

/// For each row of `width` bytes, the sum of its unsigned bytes times the query's signed ones; a
/// query ends with a whole line, in zeros. `next` is what will be read after the rows.
pub(crate) fn dots(
    isa: Isa,
    rows: &[u8],
    width: usize,
    query: &[Line],
    next: *const u8,
    out: &mut [i32],
) {
    assert!(rows.len() >= out.len() * width, "{} bytes for {}", rows.len(), out.len());
    assert!(query.len() * LINE >= width && width.is_multiple_of(16), "rows of {width} bytes");
    match isa {
        // SAFETY: `Isa::available` lists what the machine has, and the rows are there.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { x86::dots_avx512(rows, width, query, next, out) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { x86::dots_avx2(rows, width, query, out) },
        _ => {
            for (row, out) in rows.chunks_exact(width).zip(out) {
                *out = dot_portable(row, bytes_of(query));
            }
        }
    }
}

/// As [`dots`], of one row with four queries: the row is read once.
pub(crate) fn dots_of_four(isa: Isa, row: &[u8], queries: [&[Line]; 4]) -> [i32; 4] {
    let long = |query: &&[Line]| query.len() * LINE >= row.len();
    assert!(queries.iter().all(long) && row.len().is_multiple_of(16), "a row of {}", row.len());
    match isa {
        // SAFETY: `Isa::available` lists what the machine has, and queries are as long as the row.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => unsafe { x86::dots_of_four_avx512(row, queries) },
        _ => queries.map(|query| {
            let mut sum = [0];
            dots(isa, row, row.len(), query, row.as_ptr(), &mut sum);
            sum[0]
        }),
    }
}

fn dot_portable(row: &[u8], query: &[u8]) -> i32 {
    let pairs = row.iter().zip(query);
    pairs.map(|(&row, &query)| i32::from(row) * i32::from(query as i8)).sum()
}

/// Lanes of a float sum.
const LANES: usize = 16;

#[inline(always)]
fn sum_of(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[inline(always)]
fn dot_floats(a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut lanes = [0.0f32; LANES];
    // Places are counted, as chains of iterators are not always made one loop over whole lines.
    let ((rows, a), (others, b)) = (a.as_chunks(), b.as_chunks());
    for k in 0..rows.len() {
        let (a, b): (&[f32; LANES], &[f32; LANES]) = (&rows[k], &others[k]);
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    for i in 0..a.len() {
        lanes[i] += a[i] * b[i];
    }
    sum_of(lanes)
}

/// What a stored byte is.
#[inline(always)]
fn signed(byte: u8) -> f32 {
    f32::from(i16::from(byte) - i16::from(BIAS))
}

#[inline(always)]
fn dot_mixed(row: &[u8], query: &[f32]) -> f32 {
    let n = row.len().min(query.len());
    let (row, query) = (&row[..n], &query[..n]);
    let mut lanes = [0.0f32; LANES];
    let ((rows, row), (queries, query)) = (row.as_chunks(), query.as_chunks());
    for k in 0..rows.len() {
        let (row, query): (&[u8; LANES], &[f32; LANES]) = (&rows[k], &queries[k]);
        for i in 0..LANES {
            lanes[i] += signed(row[i]) * query[i];
        }
    }
    for i in 0..row.len() {
        lanes[i] += signed(row[i]) * query[i];
    }
    sum_of(lanes)
}

/// Makes a function that runs `$f` compiled for the instruction set.
macro_rules! dispatched {
    ($(#[$doc:meta])* $name:ident = $f:ident ( $($a:ident : $t:ty),* ) $(-> $r:ty)?) => {
        $(#[$doc])*
        pub(crate) fn $name(isa: Isa, $($a: $t),*) $(-> $r)? {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2")]
            fn avx512($($a: $t),*) $(-> $r)? {
                $f($($a),*)
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($a: $t),*) $(-> $r)? {
                $f($($a),*)
            }
            match isa {
                // SAFETY: `Isa::available` lists what the machine has.
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => unsafe { avx512($($a),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => unsafe { avx2($($a),*) },
                _ => $f($($a),*),
            }
        }
    };
}

dispatched! {
    /// Sum of products.
    dot = dot_floats(a: &[f32], b: &[f32]) -> f32
}

dispatched! {
    /// Sum of stored bytes (less their bias) times floats.
    dot_bytes = dot_mixed(row: &[u8], query: &[f32]) -> f32
}

#[inline(always)]
fn add_scaled(row: &[u8], step: f32, sum: &mut [f32]) {
    for (sum, byte) in sum.iter_mut().zip(row) {
        *sum += f32::from(i16::from(*byte) - i16::from(BIAS)) * step;
    }
}

dispatched! {
    /// Adds stored bytes (less their bias) times a step to floats.
    add_bytes = add_scaled(row: &[u8], step: f32, sum: &mut [f32])
}

#[inline(always)]
fn scale_dots(dots: &[i32], bias: i32, codes: &[u16], scores: &mut [f32]) -> f32 {
    // Whole numbers in the order of the floats: of their largest the compiler makes wide
    // instructions, of the largest float it does not.
    let ordered = |bits: i32| bits ^ ((bits >> 31) & i32::MAX);
    let mut most = ordered(f32::NEG_INFINITY.to_bits() as i32);
    for ((score, dot), code) in scores.iter_mut().zip(dots).zip(codes) {
        *score = (dot - bias) as f32 * f32::from(*code);
        most = most.max(ordered(score.to_bits() as i32));
    }
    f32::from_bits(ordered(most) as u32)
}

dispatched! {
    /// `(dot - bias) * code` for each row, and the largest of them.
    scaled = scale_dots(dots: &[i32], bias: i32, codes: &[u16], scores: &mut [f32]) -> f32
}

#[inline(always)]
fn find_id(ids: &[u32], id: u32) -> Option<usize> {
    let mut chunks = ids.chunks_exact(LANES);
    for (n, chunk) in (&mut chunks).enumerate() {
        let mut any = false;
        for other in chunk {
            any |= *other == id;
        }
        if any {
            return chunk.iter().position(|x| *x == id).map(|i| n * LANES + i);
        }
    }
    let start = ids.len() / LANES * LANES;
    ids[start..].iter().position(|x| *x == id).map(|i| start + i)
}

dispatched! {
    /// Where the id stands.
    find = find_id(ids: &[u32], id: u32) -> Option<usize>
}

/// Asks for a line before it is read.
#[inline(always)]
pub(crate) fn prefetch<T>(at: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch reads nothing, whatever the address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The integer kernels, four rows at a time.
    use super::{LINE, Line};
    use std::arch::x86_64::*;

    const ABREAST: usize = 4;
    /// Rows ahead of those at hand that are asked for.
    const AHEAD: usize = 16;

    /// # Safety
    /// The machine has the instructions, `rows` has `width` bytes for each of `out`, and `query` has
    /// as many lines as a row begins.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
    pub(super) unsafe fn dots_avx512(
        rows: &[u8],
        width: usize,
        query: &[Line],
        next: *const u8,
        out: &mut [i32],
    ) {
        let (rows, query) = (rows.as_ptr(), query.as_ptr());
        let whole = out.len() / ABREAST * ABREAST;
        for at in (0..whole).step_by(ABREAST) {
            // SAFETY: the four rows and four sums are there.
            unsafe {
                let row = rows.add(at * width);
                // A prefetch reads nothing, wherever it points.
                let ahead = match (at + AHEAD).checked_sub(out.len()) {
                    Some(behind) => next.wrapping_add(behind * width),
                    None => row.wrapping_add(AHEAD * width),
                };
                for byte in (0..width * ABREAST).step_by(LINE) {
                    super::prefetch(ahead.wrapping_add(byte));
                }
                let sums = sums_of::<ABREAST>(row, width, query);
                let one = sum_of_each(sums);
                _mm_storeu_si128(out.as_mut_ptr().add(at).cast(), one);
            }
        }
        for at in whole..out.len() {
            // SAFETY: the row is there.
            unsafe {
                let [sum] = sums_of::<1>(rows.add(at * width), width, query);
                *out.get_unchecked_mut(at) = _mm512_reduce_add_epi32(sum);
            }
        }
    }

    /// Sixteen partial sums for each of `N` rows.
    ///
    /// # Safety
    /// As [`dots_avx512`], with `N` rows from `row` on.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
    #[inline]
    unsafe fn sums_of<const N: usize>(
        row: *const u8,
        width: usize,
        query: *const Line,
    ) -> [__m512i; N] {
        let (lines, rest) = (width / LINE, width % LINE);
        let mut sums = [_mm512_setzero_si512(); N];
        // SAFETY: a row has so many whole lines, and of the last only the rest is read.
        unsafe {
            for line in 0..lines {
                let q = _mm512_load_si512(query.add(line).cast());
                for (i, sum) in sums.iter_mut().enumerate() {
                    let r = _mm512_loadu_si512(row.add(i * width + line * LINE).cast());
                    *sum = _mm512_dpbusd_epi32(*sum, r, q);
                }
            }
            if rest > 0 {
                let mask = (1 << rest) - 1;
                let q = _mm512_load_si512(query.add(lines).cast());
                for (i, sum) in sums.iter_mut().enumerate() {
                    let r = row.add(i * width + lines * LINE).cast();
                    *sum = _mm512_dpbusd_epi32(*sum, _mm512_maskz_loadu_epi8(mask, r), q);
                }
            }
        }
        sums
    }

    /// # Safety
    /// The machine has the instructions, and each query has as many lines as the row begins.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
    pub(super) unsafe fn dots_of_four_avx512(row: &[u8], queries: [&[Line]; 4]) -> [i32; 4] {
        let mut sums = [_mm512_setzero_si512(); 4];
        for at in 0..row.len().div_ceil(LINE) {
            let mask = u64::MAX >> (LINE - (row.len() - at * LINE).min(LINE));
            // SAFETY: of the row no more than the rest is read, and the queries have that line.
            unsafe {
                let r = _mm512_maskz_loadu_epi8(mask, row.as_ptr().add(at * LINE).cast());
                for (query, sum) in queries.iter().zip(&mut sums) {
                    let q = _mm512_load_si512(query.as_ptr().add(at).cast());
                    *sum = _mm512_dpbusd_epi32(*sum, r, q);
                }
            }
        }
        let mut four = [0; 4];
        // SAFETY: there is room for four.
        unsafe { _mm_storeu_si128(four.as_mut_ptr().cast(), sum_of_each(sums)) };
        four
    }

    /// The sum of each.
    #[target_feature(enable = "avx512f,avx512vl,avx2")]
    #[inline]
    fn sum_of_each(sums: [__m512i; 4]) -> __m128i {
        let low = pairs(sums[0], sums[1]);
        let high = pairs(sums[2], sums[3]);
        let four =
            _mm512_add_epi32(_mm512_unpacklo_epi64(low, high), _mm512_unpackhi_epi64(low, high));
        let two =
            _mm256_add_epi32(_mm512_castsi512_si256(four), _mm512_extracti64x4_epi64::<1>(four));
        _mm_add_epi32(_mm256_castsi256_si128(two), _mm256_extracti128_si256::<1>(two))
    }

    #[target_feature(enable = "avx512f")]
    #[inline]
    fn pairs(a: __m512i, b: __m512i) -> __m512i {
        _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b))
    }

    /// # Safety
    /// As [`dots_avx512`]; rows are multiples of 16 bytes.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn dots_avx2(rows: &[u8], width: usize, query: &[Line], out: &mut [i32]) {
        let (rows, query) = (rows.as_ptr(), query.as_ptr().cast::<u8>());
        let whole = out.len() / ABREAST * ABREAST;
        for at in (0..whole).step_by(ABREAST) {
            // SAFETY: the four rows and four sums are there.
            unsafe {
                let row = rows.add(at * width);
                let mut sums = [_mm256_setzero_si256(); ABREAST];
                for byte in (0..width).step_by(16) {
                    let q = _mm256_cvtepi8_epi16(_mm_load_si128(query.add(byte).cast()));
                    for (i, sum) in sums.iter_mut().enumerate() {
                        let r = _mm_loadu_si128(row.add(i * width + byte).cast());
                        let product = _mm256_madd_epi16(_mm256_cvtepu8_epi16(r), q);
                        *sum = _mm256_add_epi32(*sum, product);
                    }
                }
                let low = _mm256_hadd_epi32(sums[0], sums[1]);
                let high = _mm256_hadd_epi32(sums[2], sums[3]);
                let four = _mm256_hadd_epi32(low, high);
                let one = _mm_add_epi32(
                    _mm256_castsi256_si128(four),
                    _mm256_extracti128_si256::<1>(four),
                );
                _mm_storeu_si128(out.as_mut_ptr().add(at).cast(), one);
            }
        }
        for at in whole..out.len() {
            // SAFETY: the row is there.
            unsafe {
                let row = rows.add(at * width);
                let mut sum = _mm256_setzero_si256();
                for byte in (0..width).step_by(16) {
                    let q = _mm256_cvtepi8_epi16(_mm_load_si128(query.add(byte).cast()));
                    let r = _mm256_cvtepu8_epi16(_mm_loadu_si128(row.add(byte).cast()));
                    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(r, q));
                }
                let mut parts = [0i32; 8];
                _mm256_storeu_si256(parts.as_mut_ptr().cast(), sum);
                *out.get_unchecked_mut(at) = parts.iter().sum();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize, seed: u64) -> Vec<u8> {
        let mut state = seed;
        (0..n).map(|_| (crate::random::next(&mut state) >> 33) as u8).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_same_integers() {
        let sizes = [(1, 64), (3, 128), (4, 16), (9, 80), (17, 48), (31, 784), (64, 4096)];
        for (n_rows, width) in sizes {
            for extreme in [None, Some(255), Some(0)] {
                let rows: Vec<u8> = noise(n_rows * width, 3);
                let rows: Vec<u8> = rows.into_iter().map(|b| extreme.unwrap_or(b)).collect();
                let mut query = vec![Line([0; LINE]); width.div_ceil(LINE)];
                for (to, from) in bytes_of_mut(&mut query)[..width].iter_mut().zip(noise(width, 4))
                {
                    *to = if extreme.is_some() { 127 } else { from };
                }
                let by_hand = |row: &[u8]| -> i32 {
                    let pairs = row.iter().zip(bytes_of(&query));
                    pairs.map(|(r, q)| i32::from(*r) * i32::from(*q as i8)).sum()
                };
                let want: Vec<i32> = rows.chunks(width).map(by_hand).collect();
                for isa in Isa::available() {
                    let mut got = vec![0; n_rows];
                    dots(isa, &rows, width, &query, rows.as_ptr(), &mut got);
                    assert_eq!(got, want, "{isa:?} {n_rows} {width}");
                    for (row, want) in rows.chunks(width).zip(&want) {
                        assert_eq!(dots_of_four(isa, row, [&query[..]; 4]), [*want; 4], "{isa:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_floats() {
        for n in [1, 15, 16, 17, 128, 784] {
            let a: Vec<f32> = noise(n, 5).iter().map(|b| f32::from(*b) / 7.0 - 18.0).collect();
            let b: Vec<f32> = noise(n, 6).iter().map(|b| f32::from(*b) / 3.0 - 40.0).collect();
            let bytes = noise(n, 7);
            for isa in Isa::available() {
                assert_eq!(dot(isa, &a, &b).to_bits(), dot_floats(&a, &b).to_bits());
                assert_eq!(dot_bytes(isa, &bytes, &b).to_bits(), dot_mixed(&bytes, &b).to_bits());
                let codes: Vec<u16> = bytes.iter().map(|b| u16::from(*b) * 250).collect();
                let sums: Vec<i32> = bytes.iter().rev().map(|b| i32::from(*b) * 9999).collect();
                let (mut got, mut want) = (vec![0.0; n], vec![0.0; n]);
                let most = scaled(isa, &sums, 77, &codes, &mut got);
                assert_eq!(most, scale_dots(&sums, 77, &codes, &mut want));
                assert_eq!(got, want);
                assert_eq!(most, want.into_iter().fold(f32::NEG_INFINITY, f32::max));
            }
        }
    }

    #[test]
    fn an_id_is_found_wherever_it_stands() {
        let ids: Vec<u32> = (0..100).map(|i| i * 7).collect();
        for isa in Isa::available() {
            assert!((0..100).all(|i| find(isa, &ids, i * 7) == Some(i as usize)));
            assert_eq!(find(isa, &ids, 1), None);
        }
    }
}
