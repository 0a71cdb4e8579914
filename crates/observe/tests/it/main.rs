//! Traces and logs through `tracing`, to a receiver that speaks OTLP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use std::sync::{Arc, Mutex};

use observe::Metrics;
use observe::export::{Otlp, OtlpExporter, OtlpProtocol};
use observe::telemetry::{LogFormat, SPAN_TARGET, Sampled, Sampling, Telemetry, current};
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{
    LogsService, LogsServiceServer,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use resilience::SystemClock;
use tonic::{Request, Response, Status};
use tracing::{info, info_span};

/// Keeps what it is sent, with the credential that came with it.
#[derive(Clone, Default)]
struct Receiver {
    traces: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    metrics: Arc<Mutex<Vec<ExportMetricsServiceRequest>>>,
    logs: Arc<Mutex<Vec<ExportLogsServiceRequest>>>,
}

fn check<T>(request: &Request<T>) -> Result<(), Status> {
    let token = request.metadata().get("x-token").and_then(|t| t.to_str().ok());
    if token == Some("hush") { Ok(()) } else { Err(Status::unauthenticated("no token")) }
}

#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        check(&request)?;
        self.traces.lock().unwrap().push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        check(&request)?;
        self.metrics.lock().unwrap().push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        check(&request)?;
        self.logs.lock().unwrap().push(request.into_inner());
        Ok(Response::new(Default::default()))
    }
}

const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_gets_all_three_signals_and_the_log_carries_the_trace() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let receiver = Receiver::default();
    let server = tonic::transport::Server::builder()
        .add_service(TraceServiceServer::new(receiver.clone()))
        .add_service(MetricsServiceServer::new(receiver.clone()))
        .add_service(LogsServiceServer::new(receiver.clone()));
    tokio::spawn(server.serve(address));
    let sampling = Sampling { ratio: 1.0, ..Sampling::default() };
    let telemetry = Telemetry::new(sampling, true);
    telemetry.install(LogFormat::Json, "info").unwrap();
    let metrics = Metrics::new();
    telemetry.count_in(&metrics);
    metrics.gauge("striatum_models", &[]).set(3.0);
    assert!(matches!(telemetry.sample("/x", Some(CALLER)), Sampled::Yes(Some(_))));
    {
        let outer =
            info_span!(target: SPAN_TARGET, "request", traceparent = CALLER, http.route = "/x");
        let _entered = outer.enter();
        let inner = info_span!(target: SPAN_TARGET, "infer", striatum.model = "digits");
        let _inside = inner.enter();
        assert_eq!(current().unwrap().trace(), "4bf92f3577b34da6a3ce929d0e0e4736");
        info!(
            password = "hunter2",
            answer = 7,
            "the key sk_0123456789abcdef_00112233445566778899 is read"
        );
    }
    let settings = Otlp {
        endpoint: format!("http://{address}"),
        protocol: OtlpProtocol::Grpc,
        headers: [("x-token".to_owned(), "hush".to_owned())].into(),
        interval_seconds: 10.0,
    };
    let clock = Arc::new(SystemClock::new());
    let signals = (Arc::clone(&telemetry), Arc::clone(&metrics));
    let exporter = OtlpExporter::new(settings, signals, clock, "test").unwrap();
    exporter.flush().await;

    let traces = receiver.traces.lock().unwrap();
    let spans = &traces[0].resource_spans[0].scope_spans[0].spans;
    assert_eq!(spans.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["infer", "request"]);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    assert_eq!(spans[1].parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
    assert!(spans.iter().all(|span| span.trace_id == trace));

    let logs = receiver.logs.lock().unwrap();
    let record = &logs[0].resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!((&record.trace_id[..], &record.span_id), (&trace[..], &spans[0].span_id));
    let told = format!("{record:?}");
    assert!(!told.contains("hunter2") && !told.contains("00112233"), "{told}");
    assert!(told.contains("[redacted]") && told.contains("IntValue(7)"), "{told}");

    let sent = receiver.metrics.lock().unwrap();
    let all = &sent[0].resource_metrics[0].scope_metrics[0].metrics;
    assert!(all.iter().any(|metric| metric.name == "striatum_models"), "{}", all.len());
    assert_eq!(metrics.counter("striatum_exports_total", &["traces", "ok"]).get(), 1);
    assert_eq!(metrics.counter("striatum_spans_total", &["exported"]).get(), 2);
    // The levels change while the program runs.
    telemetry.set_levels("warn").unwrap();
    info!("not heard");
    assert!(telemetry.logs(tracing::Level::INFO, "not heard", 10).is_empty());
    assert!(telemetry.set_levels("server=loud").is_err());
    assert_eq!(telemetry.trace(u128::from_be_bytes(trace)).len(), 2);
}
