//! How far two spellings are apart: letters to change, add, drop or exchange with the next
//! (Damerau 1964; each place is touched once).

/// Which letters a word has, those that differ by 32 taken for one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Letters(u32);

impl Letters {
    pub(super) fn of(word: impl Iterator<Item = char>) -> Self {
        Self(word.fold(0, |set, c| set | 1 << (u32::from(c) % u32::BITS)))
    }

    /// Whether words of these letters may be `most` apart or less: each change takes one letter away
    /// and adds one at most.
    pub(super) fn may_be(self, other: Self, most: usize) -> bool {
        let only = |a: u32, b: u32| (a & !b).count_ones() as usize;
        only(self.0, other.0) <= most && only(other.0, self.0) <= most
    }
}

/// The distance of `word` from `letters`, where it is `most` or less.
pub(super) fn distance(letters: &[char], word: &str, most: usize) -> Option<usize> {
    // Most words are told apart by their length alone, and most of these are ASCII.
    let shortest = if word.is_ascii() { word.len() } else { word.len() / 4 };
    if shortest > letters.len() + most || word.len() + most < letters.len() {
        return None;
    }
    let other: Vec<char> = word.chars().collect();
    if other.len().abs_diff(letters.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in letters.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (above[j] + usize::from(a != b)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && letters[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        if row.iter().all(|d| *d > most) {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    above.last().copied().filter(|distance| *distance <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Letters, distance};

    #[test]
    fn letters_are_counted() {
        let check = |a: &str, b: &str, expected| {
            let letters: Vec<char> = a.chars().collect();
            assert_eq!(distance(&letters, b, 2), expected, "{a} {b}");
        };
        check("pottery", "pottery", Some(0));
        check("potetry", "pottery", Some(1));
        check("pttery", "pottery", Some(1));
        check("kitten", "sitting", None);
        check("kitten", "sittin", Some(2));
        check("abc", "abcdef", None);
    }

    proptest! {
        #[test]
        fn letters_leave_no_near_word_out(a in "[a-f\u{e9}\u{430}]{1,8}", b in "[a-f\u{e9}\u{430}]{1,8}", most in 0_usize..3) {
            let letters: Vec<char> = a.chars().collect();
            if distance(&letters, &b, most).is_some() {
                prop_assert!(Letters::of(a.chars()).may_be(Letters::of(b.chars()), most));
            }
        }
    }
}
