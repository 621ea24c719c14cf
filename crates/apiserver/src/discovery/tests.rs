use super::*;

#[test]
fn versions_sort_by_maturity() {
    let mut versions = ["v1alpha1", "v1", "foo", "v2beta1", "v10", "v1beta2", "v2"];
    versions.sort_by_key(|version| std::cmp::Reverse(maturity(version)));
    assert_eq!(versions, ["v10", "v2", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"]);
}
