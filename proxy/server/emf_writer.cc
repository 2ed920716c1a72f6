#include "proxy/server/emf_writer.h"

#include <chrono>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

namespace respgate::proxy {

EmfWriter::EmfWriter(boost::asio::io_context& io, const EmfConfig& config, const Metrics& metrics)
    : metrics_(metrics),
      file_name_(config.file),
      interval_(config.interval),
      report_(config.name_space),
      file_(config.file, AuditFile::Writers::kMany),
      timer_(io) {}

void EmfWriter::start() { wait(); }

void EmfWriter::adopt(const EmfConfig& config) {
  report_.rename(config.name_space);
  if (std::exchange(interval_, config.interval) != config.interval) wait();
}

void EmfWriter::reopen() {
  try {
    file_.reopen();
  } catch (const std::system_error& error) {
    spdlog::error("metrics file not reopened, the old one stays error=\"{}\"", error.what());
  }
}

void EmfWriter::finish() {
  timer_.cancel();
  report();
}

void EmfWriter::wait() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    report();
    wait();
  });
}

void EmfWriter::report() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const AuditFile::Outcome outcome =
      file_.append(report_.next(metrics_.tally(), std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
  const bool was_failing = std::exchange(is_failing_, outcome.lines_lost > 0);
  if (is_failing_ && !was_failing)
    spdlog::error("metrics not written file=\"{}\" lines={} error=\"{}\"", file_name_, outcome.lines_lost, outcome.error.message());
  if (!is_failing_ && was_failing) spdlog::info("metrics are written again file=\"{}\"", file_name_);
}

}  // namespace respgate::proxy
