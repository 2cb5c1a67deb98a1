/** What is wrong with a REDIS_URL, in words that do not repeat it: it may hold a password. */
export function redisUrlProblems(url: string): readonly string[] {
  const scheme = /^([a-z0-9+.-]+):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme?.startsWith('redis+sentinel') || scheme?.startsWith('rediss+sentinel')) {
    return ['names Sentinels, which are not there yet: no promise has been tested across a failover; name one Redis'];
  }
  if (scheme !== 'redis' && scheme !== 'rediss') {
    return ['must be a URL that begins with redis:// or rediss://, such as redis://:password@host:6379'];
  }
  if (authority(url).includes(',')) {
    return [
      'names several hosts, which is a Redis Cluster and not there yet: keys are in one partition so far; name one',
    ];
  }
  const parsed = URL.parse(url);
  return parsed === null || parsed.hostname === '' ? ['must name a host, such as redis://:password@host:6379'] : [];
}

/** Host and port, without the credentials: a password may contain commas. */
function authority(url: string): string {
  const [whole = ''] = url.slice(url.indexOf('://') + 3).split(/[/?#]/, 1);
  return whole.slice(whole.lastIndexOf('@') + 1);
}
