//! Who asks a store, and how.

use flux_api::{Bucket, LocalReference};
use flux_bucket::{
    AzureAccess, Client, Connection, Error, GoogleAccess, LdapIdentity, S3Access, S3Options, Tls,
    ldap_credentials,
};

use super::BucketSource;
use crate::pass::Failure;
use crate::secrets::{self, Data};

impl BucketSource {
    /// Prepares the client of an object.
    pub(super) async fn client(&self, object: &Bucket) -> Result<Client, Failure> {
        let spec = &object.spec;
        let provider = spec.provider.as_deref().unwrap_or("generic");
        if spec.service_account_name.is_some() && !self.object_level_identity {
            let message = "to use spec.serviceAccountName for provider authentication please \
                           enable the ObjectLevelWorkloadIdentity feature gate in the controller";
            let reason = flux_api::names::reason::FEATURE_GATE_DISABLED;
            return Err(Failure::fetch(reason, message).stalled());
        }
        if spec.service_account_name.is_some() {
            return Err(Failure::authentication(
                "logins as a service account of the object are not supported yet",
            ));
        }
        let data = self.secret(object, spec.secret_ref.as_ref()).await?;
        let proxy = self.proxy(object).await?;
        let connection = Connection { tls: Tls::default(), proxy };
        let made = match provider {
            "gcp" => google(object, data.as_ref(), &connection)?,
            "azure" => azure(object, data.as_ref(), &connection)?,
            _ => self.s3(object, (data.as_ref(), connection)).await?,
        };
        made.map_err(|error| Failure::fetch("BucketOperationFailed", error.to_string()))
    }

    async fn s3(
        &self,
        object: &Bucket,
        (data, mut connection): (Option<&Data>, Connection),
    ) -> Result<Result<Client, Error>, Failure> {
        let spec = &object.spec;
        if let (Some(reference), false) = (&spec.cert_secret_ref, spec.insecure) {
            connection.tls = self.certificates(object, reference).await?;
        }
        let access = match data {
            Some(data) => key(object, data)?,
            None => self.s3_access(object, &connection).await?,
        };
        let options = S3Options {
            endpoint: spec.endpoint.clone(),
            bucket: spec.bucket_name.clone(),
            region: spec.region.clone().unwrap_or_default(),
            is_plain: spec.insecure,
            access,
        };
        Ok(Client::s3(options, &connection))
    }

    /// Gets credentials where the spec says, if no Secret has them.
    async fn s3_access(
        &self,
        object: &Bucket,
        connection: &Connection,
    ) -> Result<S3Access, Failure> {
        let spec = &object.spec;
        let Some(sts) = &spec.sts else {
            return match spec.provider.as_deref() {
                Some("aws") => Err(Failure::authentication(
                    "credentials of the environment are not supported yet: use secretRef",
                )),
                _ => Ok(S3Access::Anonymous),
            };
        };
        if sts.provider != "ldap" {
            return Err(Failure::authentication(
                "credentials of the environment are not supported yet: use secretRef",
            ));
        }
        let data = self.secret(object, sts.secret_ref.as_ref()).await?.unwrap_or_default();
        let text =
            |key: &str| data.get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let identity = LdapIdentity {
            username: text("username").unwrap_or_default(),
            password: text("password").unwrap_or_default(),
        };
        let tls = match &sts.cert_secret_ref {
            Some(reference) => self.certificates(object, reference).await?,
            None => Tls::default(),
        };
        let connection = Connection { tls, proxy: connection.proxy.clone() };
        ldap_credentials(&sts.endpoint, &identity, &connection).await.map_err(|error| match error {
            Error::Setup(why) => {
                Failure::fetch(flux_api::names::reason::URL_INVALID, why).stalled()
            }
            other => Failure::authentication(format!("failed to get credentials: {other}")),
        })
    }

    async fn secret(
        &self,
        object: &Bucket,
        reference: Option<&LocalReference>,
    ) -> Result<Option<Data>, Failure> {
        let Some(reference) = reference else { return Ok(None) };
        let (namespace, name) = (&object.metadata.namespace, &reference.name);
        let read = secrets::read(&self.means.ctx.cluster, namespace, name).await;
        read.map(Some).map_err(|error| {
            Failure::authentication(format!("failed to get secret '{namespace}/{name}': {error}"))
        })
    }

    async fn certificates(
        &self,
        object: &Bucket,
        reference: &LocalReference,
    ) -> Result<Tls, Failure> {
        let data = self.secret(object, Some(reference)).await?.unwrap_or_default();
        let full = format!("{}/{}", object.metadata.namespace, reference.name);
        let tls = secrets::certificates(&data, &full).map_err(Failure::authentication)?;
        Ok(Tls { authorities: tls.authorities, identity: tls.identity })
    }

    async fn proxy(&self, object: &Bucket) -> Result<Option<String>, Failure> {
        let Some(reference) = &object.spec.proxy_secret_ref else { return Ok(None) };
        let namespace = &object.metadata.namespace;
        let read = secrets::read_proxy(&self.means.ctx.cluster, namespace, &reference.name).await;
        read.map(Some).map_err(Failure::authentication)
    }
}

fn text(data: &Data, key: &str) -> Option<String> {
    let bytes = data.get(key).filter(|bytes| !bytes.is_empty())?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

fn invalid(object: &Bucket, why: &str) -> Failure {
    let name = object.spec.secret_ref.as_ref().map_or("", |reference| reference.name.as_str());
    Failure::authentication(format!("invalid '{name}' secret data: {why}"))
}

fn key(object: &Bucket, data: &Data) -> Result<S3Access, Failure> {
    match (text(data, "accesskey"), text(data, "secretkey")) {
        (Some(id), Some(secret)) => Ok(S3Access::Key { id, secret, session: String::new() }),
        _ => Err(invalid(object, "required fields 'accesskey' and 'secretkey'")),
    }
}

fn google(
    object: &Bucket,
    data: Option<&Data>,
    connection: &Connection,
) -> Result<Result<Client, Error>, Failure> {
    let access = match data {
        None => GoogleAccess::Machine(None),
        Some(data) => match data.get("serviceaccount") {
            Some(key) => GoogleAccess::Key(key.clone()),
            None => return Err(invalid(object, "required fields 'serviceaccount'")),
        },
    };
    // The usual endpoint needs no naming; another one is taken as it is.
    let endpoint = object.spec.endpoint.as_str();
    let scheme = if object.spec.insecure { "http" } else { "https" };
    let other = (endpoint != "storage.googleapis.com").then(|| format!("{scheme}://{endpoint}"));
    Ok(Client::google(&object.spec.bucket_name, access, (connection, other.as_deref())))
}

fn azure(
    object: &Bucket,
    data: Option<&Data>,
    connection: &Connection,
) -> Result<Result<Client, Error>, Failure> {
    let access = match data {
        None => AzureAccess::Machine { client: None, place: None },
        Some(data) => azure_access(object, data)?,
    };
    let spec = &object.spec;
    Ok(Client::azure((&spec.endpoint, &spec.bucket_name), access, connection))
}

/// Takes the first way that a Secret has everything for.
fn azure_access(object: &Bucket, data: &Data) -> Result<AzureAccess, Failure> {
    let get = |key: &str| text(data, key);
    let authority = get("authorityHost");
    if let (Some(tenant), Some(client)) = (get("tenantId"), get("clientId")) {
        if let Some(secret) = get("clientSecret") {
            return Ok(AzureAccess::ClientSecret { tenant, client, secret, authority });
        }
        if data.contains_key("clientCertificate") {
            return Err(invalid(object, "logins with 'clientCertificate' are not supported yet"));
        }
    }
    if let Some(client) = get("clientId") {
        return Ok(AzureAccess::Machine { client: Some(client), place: None });
    }
    if let Some(key) = get("accountKey") {
        return Ok(AzureAccess::AccountKey(key));
    }
    if let Some(signature) = get("sasKey") {
        return Ok(AzureAccess::Signature(signature));
    }
    if authority.is_some() {
        return Ok(AzureAccess::Machine { client: None, place: None });
    }
    Err(invalid(
        object,
        "requires a 'clientId' field, a combination of 'clientId', 'tenantId' and \
         'clientSecret', a combination of 'clientId', 'tenantId' and 'clientCertificate', or an \
         'accountKey' or 'sasKey' field",
    ))
}
