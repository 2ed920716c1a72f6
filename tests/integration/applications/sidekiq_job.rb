# Sidekiq jobs: its worker loads this file, and as a program it enqueues three, one of them for later.
require "sidekiq"

SERVER = { path: ENV.fetch("APPLICATION_SOCKET"), username: "sidekiq", password: "sidekiq-example" }
Sidekiq.configure_client { |config| config.redis = SERVER }
Sidekiq.configure_server do |config|
  config.redis = SERVER
  config.options[:poll_interval_average] = 1 # seconds between two looks for jobs whose time has come
end

class Multiply
  include Sidekiq::Worker

  def perform(one, other)
    logger.info "product #{one * other}"
  end
end

class Trespass
  include Sidekiq::Worker

  def perform
    Sidekiq.redis { |redis| redis.get("others:key") }
  rescue Redis::CommandError => error
    logger.info "refused #{error.message}"
  end
end

if $PROGRAM_NAME == __FILE__
  Multiply.perform_async(6, 7)
  Multiply.perform_in(0.1, 60, 70)
  Trespass.perform_async
end
