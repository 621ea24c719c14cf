//! Sending notifications.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{Delivery, Notification};

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often a failed attempt is repeated, and the pauses before.
const RETRIES: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Starts the way out; what is sent into it is delivered in order.
pub(super) fn start(delivery: Delivery) -> mpsc::UnboundedSender<Notification> {
    match delivery {
        Delivery::Channel(sender) => sender,
        Delivery::None => mpsc::unbounded_channel().0,
        Delivery::Http(address) => {
            let (sender, mut waiting) = mpsc::unbounded_channel();
            tokio::spawn(async move {
                let client = reqwest::Client::builder().timeout(TIMEOUT).build();
                let Ok(client) = client else {
                    tracing::error!("unable to record event: no HTTP client");
                    return;
                };
                while let Some(event) = waiting.recv().await {
                    post(&client, &address, &event).await;
                }
            });
            sender
        }
    }
}

/// Posts one notification. 429 means that the same one was there a moment ago: it is dropped.
async fn post(client: &reqwest::Client, address: &str, event: &Notification) {
    let mut pause = FIRST_PAUSE;
    for attempt in 0..=RETRIES {
        let failure = match client.post(address).json(event).send().await {
            Ok(answer) if answer.status().is_server_error() && answer.status() != 501 => {
                format!("unexpected HTTP status {}", answer.status())
            }
            Ok(_) => return,
            Err(error) => error.without_url().to_string(),
        };
        if attempt == RETRIES {
            tracing::error!(error = failure, "unable to record event");
            return;
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}
