// Writes the security counters to metrics.cloudwatch_emf.file at every interval, and once more at the end.
// The control thread's: a pipe or terminal that takes nothing may hold it up for AuditFile::kStall, once.
#pragma once

#include <optional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/audit/audit_file.h"
#include "proxy/config/config.h"
#include "proxy/metrics/emf.h"
#include "proxy/metrics/metrics.h"

namespace respgate::proxy {

class EmfWriter {
 public:
  // Throws std::system_error naming the file when it cannot be opened.
  EmfWriter(boost::asio::io_context& io, const EmfConfig& config, const Metrics& metrics);

  // The first report comes one interval after this.
  void start();
  // From the next report on; the file stays.
  void adopt(const EmfConfig& config);
  // The file was moved away: open it again by its name, or keep on with the one there is.
  void reopen();
  // The last report; no other follows.
  void finish();

 private:
  void wait();
  void report();

  const Metrics& metrics_;
  std::string file_name_;
  std::chrono::milliseconds interval_;
  EmfReport report_;
  AuditFile file_;
  bool is_failing_ = false;
  boost::asio::steady_timer timer_;
};

}  // namespace respgate::proxy
