//! Tables as kubectl's and upstream's printer writes them.

/// Writes rows under a header, columns padded to their widest cell.
///
/// Every cell is padded and followed by a tab, except the header row's last one, which is
/// padded by one more instead. Without a header the columns are as wide as the rows ask for.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).chain([header.len()]).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let pad = |cell: &str, column: usize| format!("{cell:<width$}", width = widths[column]);
    let mut text = String::new();
    if !header.is_empty() {
        let cells: Vec<String> = header.iter().enumerate().map(|(n, cell)| pad(cell, n)).collect();
        text.push_str(&cells.join("\t"));
        text.push_str(" \n");
    }
    for row in rows {
        for (n, cell) in row.iter().enumerate() {
            text.push_str(&pad(cell, n));
            text.push('\t');
        }
        text.push('\n');
    }
    text
}

/// Shortens runs of 40 to 128 lowercase hexadecimal digits that stand alone to 8 digits.
pub(crate) fn shorten_hashes(text: &str) -> String {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut short = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(word) {
        short.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        let hash = (40..=128).contains(&run.len())
            && run.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        short.push_str(if hash { &run[..8] } else { run });
        rest = tail;
    }
    short.push_str(rest);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_rows_end_with_a_tab_and_the_header_does_not() {
        let rows = [vec!["tkfg".to_owned(), "True".to_owned()]];
        assert_eq!(table(&["NAME", "READY"], &rows), "NAME\tREADY \ntkfg\tTrue \t\n");
    }

    #[test]
    fn a_hash_is_cut_to_eight_digits_and_a_shorter_word_is_not() {
        let hash = "67e2c98a60dc92283531412a9e604dd4bae005a9";
        assert_eq!(shorten_hashes(&format!("main@sha1:{hash} ok")), "main@sha1:67e2c98a ok");
        assert_eq!(shorten_hashes("67e2c98a60dc"), "67e2c98a60dc");
    }
}
