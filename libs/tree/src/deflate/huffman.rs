//! Codes of limited length.

/// The bits of a symbol, the first one lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
}

/// The codes of all symbols.
pub(super) type Codes = Vec<Code>;

/// Numbers the codes of given lengths as the format demands: shorter ones first, then by symbol.
pub(super) fn codes(lengths: &[u8]) -> Codes {
    let mut next = 0_u16;
    let mut codes = vec![Code::default(); lengths.len()];
    for length in 1..=15_u8 {
        next <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, own)| **own == length) {
            let bits = next.reverse_bits() >> (16 - u32::from(length));
            *code = Code { bits, length };
            next += 1;
        }
    }
    codes
}

/// Returns the length of each symbol's code such that all together take the fewest bits, none of
/// them longer than `limit`. Symbols that do not occur get none.
///
/// This is the package-merge algorithm. Where a symbol and a package weigh the same the package
/// goes first, which decides between codes that are equally good.
pub(super) fn code_lengths(counts: &[u32], limit: usize) -> Vec<u8> {
    let mut lengths = vec![0; counts.len()];
    let mut symbols: Vec<usize> = (0..counts.len()).filter(|&at| counts[at] > 0).collect();
    if symbols.len() <= 2 {
        symbols.into_iter().for_each(|symbol| lengths[symbol] = 1);
        return lengths;
    }
    symbols.sort_by_key(|&symbol| (counts[symbol], symbol));
    let weights: Vec<u64> = symbols.iter().map(|&symbol| u64::from(counts[symbol])).collect();
    let limit = limit.min(symbols.len() - 1);
    for count in leaves_per_level(&weights, limit) {
        // The lightest symbols of each level go one level deeper.
        symbols.iter().take(count).for_each(|&symbol| lengths[symbol] += 1);
    }
    lengths
}

/// Returns for each level how many of the lightest symbols are chosen on it.
fn leaves_per_level(weights: &[u64], limit: usize) -> Vec<usize> {
    // Which items of each level are symbols; the others are packages of two from the level below.
    let mut levels: Vec<Vec<bool>> = Vec::with_capacity(limit);
    let mut packages: Vec<u64> = Vec::new();
    for _ in 0..limit {
        let (items, kinds) = merge(weights, &packages);
        packages = items.chunks_exact(2).map(|pair| pair.iter().sum()).collect();
        levels.push(kinds);
    }
    let mut needed = 2 * weights.len() - 2;
    let mut counts = Vec::with_capacity(limit);
    for kinds in levels.iter().rev() {
        let chosen = &kinds[..needed.min(kinds.len())];
        let leaves = chosen.iter().filter(|is_leaf| **is_leaf).count();
        counts.push(leaves);
        needed = 2 * (chosen.len() - leaves);
    }
    counts
}

/// Merges symbols and packages by weight; returns the weights and whether each is a symbol.
fn merge(symbols: &[u64], packages: &[u64]) -> (Vec<u64>, Vec<bool>) {
    let total = symbols.len() + packages.len();
    let (mut items, mut kinds) = (Vec::with_capacity(total), Vec::with_capacity(total));
    let (mut symbols, mut packages) = (symbols.iter().peekable(), packages.iter().peekable());
    loop {
        let is_symbol = match (symbols.peek(), packages.peek()) {
            (None, None) => return (items, kinds),
            (Some(symbol), Some(package)) => symbol < package,
            (symbol, _) => symbol.is_some(),
        };
        items.extend(if is_symbol { symbols.next() } else { packages.next() });
        kinds.push(is_symbol);
    }
}
