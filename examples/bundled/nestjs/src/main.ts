import 'reflect-metadata';
import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Controller()
class ChatController {
  private readonly bedrock = new BedrockRuntimeClient();

  @Get('chat')
  async chat(): Promise<string | undefined> {
    const messages = [{ role: 'user' as const, content: [{ text: 'Hi' }] }];
    const command = new ConverseCommand({ modelId: 'amazon.nova-lite-v1:0', messages });
    const { output } = await this.bedrock.send(command);
    return output?.message?.content?.[0]?.text;
  }
}

@Module({ controllers: [ChatController] })
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
  console.log(await app.getUrl());
}

void main();
