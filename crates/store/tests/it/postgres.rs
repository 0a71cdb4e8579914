//! PostgreSQL holds the contract, and outlives being killed.

use std::time::Duration;

use store::{Collection, PostgresConfig, Store, StoreError};

use crate::contract::{self, tenant};
use crate::postgres_server::Server;

const NOTES: Collection = Collection::new("notes");

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_holds_the_contract() {
    let Some(server) = Server::start() else { return };
    let store = Store::postgresql(&PostgresConfig::new(&server.url())).await.unwrap();
    assert_eq!(store.kind(), "postgresql");
    contract::holds(&store).await;
    // A second program may open the same database.
    let second = Store::postgresql(&PostgresConfig::new(&server.url())).await.unwrap();
    assert_eq!(second.tenants().await, store.tenants().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_killed_under_load_loses_nothing_acknowledged() {
    let Some(mut server) = Server::start() else { return };
    let mut config = PostgresConfig::new(&server.url());
    config.timeout = Duration::from_secs(2);
    let store = Store::postgresql(&config).await.unwrap();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let writers: Vec<_> = (0..4)
        .map(|w| {
            let (t, stopped) = (tenant(&store, "killed"), stopped.clone());
            tokio::spawn(async move {
                let (mut acknowledged, mut refused, mut k) = (Vec::new(), 0, 0);
                while !*stopped.borrow() {
                    k += 1;
                    let key = format!("{w}-{k}");
                    match t.put(NOTES, &key, key.as_bytes()).await {
                        Ok(_) => acknowledged.push(key),
                        Err(StoreError::Unavailable { .. }) => {
                            refused += 1;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        Err(other) => panic!("{other}"),
                    }
                }
                (acknowledged, refused)
            })
        })
        .collect();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.start_again();
    }
    tokio::time::sleep(Duration::from_millis(600)).await;
    stop.send(true).unwrap();
    let (mut kept, mut refusals) = (0, 0);
    for writer in writers {
        let (acknowledged, refused) = writer.await.unwrap();
        refusals += refused;
        for key in acknowledged {
            let found = tenant(&store, "killed").get(NOTES, &key).await.unwrap();
            assert_eq!(found.map(|record| record.value), Some(key.into_bytes()));
            kept += 1;
        }
    }
    assert!(kept > 100 && refusals > 0, "{kept} kept, {refusals} refused");
}

#[tokio::test]
async fn a_password_is_in_no_error() {
    let config = PostgresConfig::new("postgresql://me:secret@[bad/x");
    let Err(error) = Store::postgresql(&config).await else { panic!("it connected") };
    assert!(!error.to_string().contains("secret"), "{error}");
    let mut config = PostgresConfig::new("postgresql://me:secret@127.0.0.1:1/x");
    config.timeout = Duration::from_secs(1);
    let Err(error) = Store::postgresql(&config).await else { panic!("it connected") };
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}
