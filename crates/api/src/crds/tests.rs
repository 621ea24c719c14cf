use super::{FILES, crds};

#[test]
fn every_definition_is_read() {
    assert_eq!(crds().len(), FILES.len());
    assert!(crds().iter().all(|crd| crd.kind() == "CustomResourceDefinition"));
}
