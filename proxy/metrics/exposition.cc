#include "proxy/metrics/exposition.h"

#include <limits>

#include <prometheus/text_serializer.h>

#include "proxy/common/log_text.h"

namespace respgate::proxy {

void Exposition::begin_counter(std::string_view name, std::string_view help) { begin(name, help, prometheus::MetricType::Counter); }
void Exposition::begin_gauge(std::string_view name, std::string_view help) { begin(name, help, prometheus::MetricType::Gauge); }
void Exposition::begin_histogram(std::string_view name, std::string_view help) { begin(name, help, prometheus::MetricType::Histogram); }

void Exposition::begin(std::string_view name, std::string_view help, prometheus::MetricType type) {
  prometheus::MetricFamily& family = families_.emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
}

prometheus::ClientMetric& Exposition::add_series(Labels labels) {
  prometheus::ClientMetric& series = families_.back().metric.emplace_back();
  for (const auto& [name, value] : labels) series.label.push_back({std::string(name), log_text(value, std::string_view::npos)});
  return series;
}

void Exposition::add(Labels labels, std::uint64_t value) {
  prometheus::ClientMetric& series = add_series(labels);
  const auto number = static_cast<double>(value);
  if (families_.back().type == prometheus::MetricType::Gauge) {
    series.gauge.value = number;
  } else {
    series.counter.value = number;
  }
}

void Exposition::add_histogram(Labels labels, std::span<const double> bounds, std::span<const std::uint64_t> buckets, double sum) {
  prometheus::ClientMetric::Histogram& histogram = add_series(labels).histogram;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    histogram.sample_count += buckets[i];
    histogram.bucket.push_back({histogram.sample_count, i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity()});
  }
  histogram.sample_sum = sum;
}

std::string Exposition::text() const { return prometheus::TextSerializer().Serialize(families_); }

}  // namespace respgate::proxy
