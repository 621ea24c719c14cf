//! Writes blocks of tokens in the shortest of the three ways that the format knows.

use super::huffman::{Code, Codes, code_lengths, codes};

/// Literal and length symbols.
const LITERALS: usize = 286;
/// Distance symbols.
const DISTANCES: usize = 30;
/// Symbols that describe code lengths.
const LENGTHS: usize = 19;
const END_OF_BLOCK: usize = 256;
const FIRST_LENGTH: usize = 257;
/// A stored block holds no more than this.
const MAX_STORED: usize = 65_535;

/// The order in which the lengths of the describing codes are written.
const LENGTH_ORDER: [usize; LENGTHS] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// What each length symbol begins with, less the shortest match of the format.
const LENGTH_BASE: [u32; 29] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128,
    160, 192, 224, 255,
];
const LENGTH_EXTRA: [u32; 29] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];

/// What each distance symbol begins with, less one.
const DISTANCE_BASE: [u32; DISTANCES] = [
    0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536,
    2048, 3072, 4096, 6144, 8192, 12_288, 16_384, 24_576,
];

/// From the third distance symbol on, every second one has one extra bit more.
const fn distance_extra(symbol: usize) -> u32 {
    if symbol < 2 { 0 } else { (symbol as u32 - 2) / 2 }
}

/// A byte, or a repetition of what was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// The byte, or the length less three.
    value: u16,
    /// The distance; zero for a byte.
    distance: u16,
}

impl Token {
    pub(super) fn literal(byte: u8) -> Self {
        Self { value: u16::from(byte), distance: 0 }
    }

    /// Repeats 3 to 258 bytes from up to 32 768 bytes before.
    pub(super) fn repeat(length: usize, distance: usize) -> Self {
        Self { value: (length - 3) as u16, distance: distance as u16 }
    }

    /// Returns symbols and extra bits of a repetition, `None` for a byte.
    fn repetition(self) -> Option<Repetition> {
        let distance = u32::from(self.distance).checked_sub(1)?;
        let length = u32::from(self.value);
        let length_symbol = LENGTH_BASE.partition_point(|&base| base <= length) - 1;
        let distance_symbol = DISTANCE_BASE.partition_point(|&base| base <= distance) - 1;
        Some(Repetition {
            length_symbol,
            length_extra: length - LENGTH_BASE[length_symbol],
            distance_symbol,
            distance_extra: distance - DISTANCE_BASE[distance_symbol],
        })
    }
}

struct Repetition {
    length_symbol: usize,
    length_extra: u32,
    distance_symbol: usize,
    distance_extra: u32,
}

/// A symbol of a description of code lengths, with what follows it.
struct Described {
    symbol: usize,
    extra: u32,
    extra_bits: u32,
}

/// Writes blocks bit by bit.
#[derive(Default)]
pub(super) struct BlockWriter {
    output: Vec<u8>,
    bits: u64,
    count: u32,
}

impl BlockWriter {
    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Ends the stream: an empty stored block that is marked as the last one.
    pub(super) fn finish(&mut self) {
        self.stored_header(0, 1);
    }

    /// Writes one block; `plain` are the bytes that it stands for, if they are still known.
    pub(super) fn write(&mut self, tokens: &[Token], plain: Option<&[u8]>) {
        let counts = Counts::of(tokens);
        let stored = plain.filter(|plain| plain.len() <= MAX_STORED);
        // Extra bits are the same either way: they count only against storing.
        let extra = if stored.is_some() { counts.extra_bits() } else { 0 };
        let fixed = Plan::fixed();
        let dynamic = Dynamic::new(&counts);
        let fixed_size = 3 + fixed.size(&counts) + extra;
        let dynamic_size = dynamic.header_size() + dynamic.plan.size(&counts) + extra;
        if let Some(plain) = stored
            && (plain.len() + 5) * 8 < dynamic_size.min(fixed_size)
        {
            self.stored_header(plain.len() as u32, 0);
            self.output.extend_from_slice(plain);
        } else if dynamic_size < fixed_size {
            self.dynamic_header(&dynamic);
            self.tokens(tokens, &dynamic.plan);
        } else {
            self.put(0b010, 3);
            self.tokens(tokens, &fixed);
        }
    }

    fn tokens(&mut self, tokens: &[Token], plan: &Plan) {
        for token in tokens {
            let Some(found) = token.repetition() else {
                self.code(plan.literals[usize::from(token.value)]);
                continue;
            };
            self.code(plan.literals[FIRST_LENGTH + found.length_symbol]);
            self.put(found.length_extra, LENGTH_EXTRA[found.length_symbol]);
            self.code(plan.distances[found.distance_symbol]);
            self.put(found.distance_extra, distance_extra(found.distance_symbol));
        }
        self.code(plan.literals[END_OF_BLOCK]);
    }

    fn dynamic_header(&mut self, dynamic: &Dynamic) {
        self.put(0b100, 3);
        self.put((dynamic.literals - FIRST_LENGTH) as u32, 5);
        self.put((dynamic.distances - 1) as u32, 5);
        self.put((dynamic.described - 4) as u32, 4);
        for &symbol in LENGTH_ORDER.iter().take(dynamic.described) {
            self.put(u32::from(dynamic.codes[symbol].length), 3);
        }
        for item in &dynamic.description {
            self.code(dynamic.codes[item.symbol]);
            self.put(item.extra, item.extra_bits);
        }
    }

    fn stored_header(&mut self, length: u32, is_last: u32) {
        self.put(is_last, 3);
        self.align();
        self.put(length, 16);
        self.put(!length & 0xffff, 16);
    }

    fn code(&mut self, code: Code) {
        self.put(u32::from(code.bits), u32::from(code.length));
    }

    fn put(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.output.push(self.bits as u8);
            self.bits >>= 8;
            self.count -= 8;
        }
    }

    /// Fills the last byte up.
    fn align(&mut self) {
        if self.count > 0 {
            self.output.push(self.bits as u8);
            self.bits = 0;
            self.count = 0;
        }
    }
}

/// How often each symbol occurs.
struct Counts {
    literals: [u32; LITERALS],
    distances: [u32; DISTANCES],
}

impl Counts {
    fn of(tokens: &[Token]) -> Self {
        let mut counts = Self { literals: [0; LITERALS], distances: [0; DISTANCES] };
        for token in tokens {
            match token.repetition() {
                None => counts.literals[usize::from(token.value)] += 1,
                Some(found) => {
                    counts.literals[FIRST_LENGTH + found.length_symbol] += 1;
                    counts.distances[found.distance_symbol] += 1;
                }
            }
        }
        counts.literals[END_OF_BLOCK] += 1;
        if counts.distances.iter().all(|&count| count == 0) {
            // The format has no way to say that there is no distance at all.
            counts.distances[0] = 1;
        }
        counts
    }

    fn extra_bits(&self) -> usize {
        let lengths = self.literals[FIRST_LENGTH..].iter().zip(LENGTH_EXTRA);
        let lengths: u32 = lengths.map(|(count, extra)| count * extra).sum();
        let distances = self.distances.iter().enumerate();
        let distances: u32 = distances.map(|(at, count)| count * distance_extra(at)).sum();
        lengths as usize + distances as usize
    }
}

/// Returns how many symbols there are up to the last one that occurs.
fn used(counts: &[u32]) -> usize {
    counts.iter().rposition(|&count| count > 0).map_or(0, |last| last + 1)
}

/// A code for every symbol.
struct Plan {
    literals: Codes,
    distances: Codes,
}

impl Plan {
    fn fixed() -> Self {
        let length = |symbol: usize| match symbol {
            0..144 => 8,
            144..256 => 9,
            256..280 => 7,
            _ => 8,
        };
        // Two symbols that never occur count for the numbering of the codes.
        let literals: Vec<u8> = (0..LITERALS + 2).map(length).collect();
        Self { literals: codes(&literals), distances: codes(&[5; DISTANCES + 2]) }
    }

    fn size(&self, counts: &Counts) -> usize {
        bits(&self.literals, &counts.literals) + bits(&self.distances, &counts.distances)
    }
}

fn bits(codes: &Codes, counts: &[u32]) -> usize {
    let lengths = codes.iter().map(|code| usize::from(code.length));
    counts.iter().zip(lengths).map(|(&count, length)| count as usize * length).sum()
}

/// A block with codes of its own, and their description.
struct Dynamic {
    plan: Plan,
    literals: usize,
    distances: usize,
    description: Vec<Described>,
    description_bits: usize,
    codes: Codes,
    /// How many lengths of describing codes are written.
    described: usize,
}

impl Dynamic {
    fn new(counts: &Counts) -> Self {
        let (literals, distances) = (used(&counts.literals), used(&counts.distances));
        let literal_lengths = code_lengths(&counts.literals, 15);
        let distance_lengths = code_lengths(&counts.distances, 15);
        let all = [&literal_lengths[..literals], &distance_lengths[..distances]].concat();
        let description = describe(&all);
        let mut frequencies = [0; LENGTHS];
        for item in &description {
            frequencies[item.symbol] += 1;
        }
        let last = LENGTH_ORDER.iter().rposition(|&symbol| frequencies[symbol] > 0);
        let own = codes(&code_lengths(&frequencies, 7));
        let extra: u32 = description.iter().map(|item| item.extra_bits).sum();
        Self {
            plan: Plan { literals: codes(&literal_lengths), distances: codes(&distance_lengths) },
            literals,
            distances,
            description_bits: bits(&own, &frequencies) + extra as usize,
            description,
            codes: own,
            described: last.map_or(4, |last| (last + 1).max(4)),
        }
    }

    fn header_size(&self) -> usize {
        3 + 5 + 5 + 4 + 3 * self.described + self.description_bits
    }
}

/// Describes code lengths, runs of equal ones shortened.
fn describe(lengths: &[u8]) -> Vec<Described> {
    let mut items = Vec::new();
    for run in lengths.chunk_by(|a, b| a == b) {
        let Some(&length) = run.first() else { continue };
        let symbol = usize::from(length);
        let mut left = run.len();
        if length == 0 {
            while left >= 11 {
                let count = left.min(138);
                items.push(Described { symbol: 18, extra: (count - 11) as u32, extra_bits: 7 });
                left -= count;
            }
            if left >= 3 {
                items.push(Described { symbol: 17, extra: (left - 3) as u32, extra_bits: 3 });
                left = 0;
            }
        } else {
            items.push(Described { symbol, extra: 0, extra_bits: 0 });
            left -= 1;
            while left >= 3 {
                let count = left.min(6);
                items.push(Described { symbol: 16, extra: (count - 3) as u32, extra_bits: 2 });
                left -= count;
            }
        }
        items.extend((0..left).map(|_| Described { symbol, extra: 0, extra_bits: 0 }));
    }
    items
}
