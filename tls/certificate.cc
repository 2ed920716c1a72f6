#include "tls/certificate.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <span>

#include <openssl/err.h>
#include <openssl/pem.h>

namespace respgate::tls {
namespace {

// For keys and bundles alike: without it OpenSSL would ask on the terminal.
int give_passphrase(char* into, int size, int /*writing*/, void* context) {
  const auto* passphrase = static_cast<const std::string_view*>(context);
  if (passphrase == nullptr || passphrase->size() > static_cast<std::size_t>(size)) return -1;
  std::copy(passphrase->begin(), passphrase->end(), into);
  return static_cast<int>(passphrase->size());
}

std::string_view first_line(std::string_view text) {
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// After the last block of a PEM file there is "no start line"; anything else is damage.
bool ended_well() {
  const unsigned long code = ERR_peek_last_error();
  const bool is_end = code == 0 || (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
  if (is_end) ERR_clear_error();
  return is_end;
}

std::vector<CertificatePtr> read_certificates(const Pem& pem, std::string_view wanted, std::vector<Problem>& problems) {
  std::vector<CertificatePtr> found;
  const BioPtr in = reader_of(pem.text);
  ERR_clear_error();
  while (CertificatePtr one{PEM_read_bio_X509(in.get(), nullptr, give_passphrase, nullptr)}) found.push_back(std::move(one));
  if (!ended_well()) {
    problems.push_back({pem.file, "has a certificate that cannot be read (" + take_error() + "): write " + std::string(wanted)});
  } else if (found.empty()) {
    problems.push_back({pem.file, "holds no certificate: write " + std::string(wanted)});
  }
  return found;
}

KeyPtr read_key(const CertificateOptions& options, std::vector<Problem>& problems) {
  const BioPtr in = reader_of(options.key.text());
  std::string_view passphrase = first_line(options.passphrase.text());
  const bool has_one = !options.passphrase.file().empty();
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, give_passphrase, has_one ? &passphrase : nullptr));
  ERR_clear_error();  // its words would tell how far a wrong passphrase got
  if (key) return key;
  const bool is_encrypted = options.key.text().find("ENCRYPTED") != std::string::npos;
  std::string what = "holds no private key that can be read: write a PEM file with one";
  if (is_encrypted)
    what = has_one ? "is not opened by the passphrase in " + options.passphrase.file() + ": write the one it was encrypted with"
                   : "is encrypted: write passphrase_file";
  problems.push_back({options.key.file(), std::move(what)});
  return nullptr;
}

void judge_time(const X509& certificate, const std::string& file, std::int64_t now, std::vector<Problem>& problems) {
  const std::int64_t from = seconds_of(*X509_get0_notBefore(&certificate));
  const std::int64_t until = seconds_of(*X509_get0_notAfter(&certificate));
  if (now > until) problems.push_back({file, "expired on " + utc_text(until) + ": replace it by one that is valid"});
  if (now < from) problems.push_back({file, "is not valid before " + utc_text(from) + ": check the clock, or use another"});
}

std::string text_of(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(std::max(size, 0L))};
}

}  // namespace

std::int64_t seconds_of(const ASN1_TIME& time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(&time, &parts) != 1) return 0;  // before everything: expired
  return ::timegm(&parts);
}

std::string utc_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

CertificateChain read_chain(const CertificateOptions& options, std::int64_t now, std::vector<Problem>& problems) {
  CertificateChain chain;
  std::vector<CertificatePtr> found =
      read_certificates(options.certificate, "a PEM file with the certificate first, then what leads to its root", problems);
  chain.key = read_key(options, problems);
  if (found.empty()) return chain;
  chain.leaf = std::move(found.front());
  chain.issuers.assign(std::make_move_iterator(found.begin() + 1), std::make_move_iterator(found.end()));
  judge_time(*chain.leaf, options.certificate.file, now, problems);
  if (chain.key && X509_check_private_key(chain.leaf.get(), chain.key.get()) != 1) {
    problems.push_back({options.key.file(), "is not the key of " + options.certificate.file + ": write the one it was made with"});
    ERR_clear_error();
  }
  return chain;
}

std::vector<CertificatePtr> read_authorities(const Pem& bundle, std::vector<Problem>& problems) {
  return read_certificates(bundle, "a PEM file with the certificates of the authorities to trust", problems);
}

std::vector<RevocationsPtr> read_revocations(const Pem& list, std::int64_t now, std::vector<Problem>& problems) {
  std::vector<RevocationsPtr> found;
  const BioPtr in = reader_of(list.text);
  ERR_clear_error();
  while (RevocationsPtr one{PEM_read_bio_X509_CRL(in.get(), nullptr, give_passphrase, nullptr)}) {
    const ASN1_TIME* next = X509_CRL_get0_nextUpdate(one.get());
    if (next != nullptr && seconds_of(*next) < now)
      problems.push_back(
          {list.file, "is out of date since " + utc_text(seconds_of(*next)) + ", and nobody could come in: fetch a new one"});
    found.push_back(std::move(one));
  }
  if (!ended_well() || found.empty()) {
    ERR_clear_error();
    problems.push_back({list.file, "holds no revocation list that can be read: write a PEM file with one for each authority"});
  }
  return found;
}

CertificateFacts facts_of(const X509& certificate, std::string file) {
  CertificateFacts facts{std::move(file), text_of(X509_get_subject_name(&certificate)), {}, seconds_of(*X509_get0_notAfter(&certificate))};
  using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    facts.names.emplace_back(bytes, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  std::sort(facts.names.begin(), facts.names.end());
  return facts;
}

}  // namespace respgate::tls
