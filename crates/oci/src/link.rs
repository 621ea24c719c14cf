//! The `Link` header, by which lists go on.

/// Returns the target of the link to the next page.
pub(crate) fn next(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| {
            let parameter = parameter.trim();
            parameter.eq_ignore_ascii_case("rel=\"next\"")
                || parameter.eq_ignore_ascii_case("rel=next")
        });
        is_next.then(|| target.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::next;

    #[test]
    fn the_next_page_is_found_among_links() {
        let header =
            "</v2/a/tags/list?last=1>; rel=\"prev\", </v2/a/tags/list?last=3>; rel=\"next\"";
        assert_eq!(next(header).as_deref(), Some("/v2/a/tags/list?last=3"));
        assert_eq!(next("</x>; rel=first"), None);
        assert_eq!(next("garbage"), None);
    }
}
