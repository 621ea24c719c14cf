use super::*;

const SIGNED: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
author A U Thor <a@example.com> 1767225600 +0100\n\
committer C <c@example.com> 1767225601 +0000\n\
gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\n\
encoding latin1\n\
\n\
subject\n\nbody\n";

#[test]
fn a_signature_is_taken_out_and_nothing_else() {
    let object = Object::parse(SIGNED.as_bytes());
    let want = "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";
    assert_eq!(object.unfolded("gpgsig"), want);
    let left = String::from_utf8(object.without(&["gpgsig"])).unwrap();
    assert!(left.contains("+0000\nencoding latin1\n\nsubject\n"), "{left}");
    assert_eq!(object.message, b"subject\n\nbody\n");
}

#[test]
fn identities_carry_name_address_and_time() {
    let object = Object::parse(SIGNED.as_bytes());
    let want =
        Identity { name: "A U Thor".into(), email: "a@example.com".into(), seconds: 1_767_225_600 };
    assert_eq!(object.identity("author"), want);
    assert_eq!(object.identity("tagger"), Identity::default());
}

#[test]
fn a_long_subject_is_cut_between_characters() {
    let object = Object::parse(SIGNED.as_bytes());
    let commit = |message: &str| Commit {
        hash: Hash::new(&gix::ObjectId::null(gix::hash::Kind::Sha1)),
        reference: String::new(),
        author: object.identity("author"),
        committer: object.identity("committer"),
        message: message.to_owned(),
        signature: String::new(),
        encoded: Vec::new(),
        tag: None,
    };
    assert_eq!(commit("short\nrest").subject(), "short");
    let long = "ü".repeat(51);
    assert_eq!(commit(&long).subject(), format!("{}...", "ü".repeat(50)));
    assert_eq!(commit(&"ü".repeat(50)).subject(), "ü".repeat(50));
}

#[test]
fn the_signature_of_a_tag_is_its_last_block() {
    let message = b"v1\n-----BEGIN PGP SIGNATURE-----\nold\n-----BEGIN SSH SIGNATURE-----\nnew\n";
    assert_eq!(signature_start(message), Some(37));
    assert_eq!(signature_start(b"v1\n"), None);
}
