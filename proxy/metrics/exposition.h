// Builds one answer to a Prometheus scrape (text format 0.0.4): families of series,
// in the order in which they are begun.  Label values may be any bytes: they are
// shown as log_text(), because one byte that is not UTF-8 would make the scraper
// refuse every series.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace respgate::proxy {

class Exposition {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Everything added next belongs to this family.
  void begin_counter(std::string_view name, std::string_view help);
  void begin_gauge(std::string_view name, std::string_view help);
  void begin_histogram(std::string_view name, std::string_view help);

  // REQUIRES: a counter or gauge was begun.
  void add(Labels labels, std::uint64_t value);
  // REQUIRES: a histogram was begun; `buckets` are not cumulative, and one more than `bounds`.
  void add_histogram(Labels labels, std::span<const double> bounds, std::span<const std::uint64_t> buckets, double sum);

  std::string text() const;

 private:
  void begin(std::string_view name, std::string_view help, prometheus::MetricType type);
  prometheus::ClientMetric& add_series(Labels labels);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace respgate::proxy
